"""How does evidence become tamper-evident? Every few seconds new bundles get a Merkle root.

Roots stand in a chain: each seal holds the hash of the one before. One sealer has the lease, others
wait for it. A seal and what it seals is one transaction, so a sealer may be killed at any time.
"""

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from prometheus_client import start_http_server

from gateway.seal import metrics
from gateway.seal.errors import ChainBroken, SchemaMissing, SealRefused
from gateway.seal.settings import SealSettings
from gateway.seal.store import DATABASE_DOWN, Store
from schemas.evidence_file import NO_SEAL, Seal
from schemas.merkle import root_of

__all__ = ["SealRefused", "Sealer", "run"]

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

LEAVES_MAX: Final = 10_000  # bundles under one root
# Ids are taken before transactions commit: so far below the newest sealed one we look each time,
# and from the first id every `_FULL_LOOK_EVERY` times.
_LOOK_BACK_IDS: Final = 10_000
_FULL_LOOK_EVERY: Final = 120
_STANDBY_POLL_S: Final = 1.0
_RETRY_S: Final = (0.1, 10.0)  # first and longest delay after a failure of the database


def utc_now() -> datetime:
    """Return the time, for `sealed_at`."""
    return datetime.now(UTC)


def run(settings: SealSettings, stop: threading.Event, *, clock: Clock = utc_now) -> None:
    """Seal until told to stop.

    Raises SealRefused where a person must mend it, and anything that is a bug.
    """
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    name = f"frostline seal on {socket.gethostname()} {os.getpid()}"
    delay_s = _RETRY_S[0]
    while not stop.is_set():
        try:
            with Store.connect(settings.database_url, name=name) as store:
                if _has_lease(store, stop):
                    delay_s = _RETRY_S[0]
                    Sealer(store, clock=clock).work(stop, interval_s=settings.interval_s)
        except DATABASE_DOWN as error:
            metrics.DATABASE_RETRIES.inc()
            log.warning("database failed; trying again", extra={"error": str(error).strip()})
            stop.wait(delay_s * random.uniform(0.5, 1))  # noqa: S311  # not a secret
            delay_s = min(delay_s * 2, _RETRY_S[1])
        finally:
            metrics.AT_WORK.set(0)


def _has_lease(store: Store, stop: threading.Event) -> bool:
    """Wait for the lease; return False if told to stop before."""
    if not store.has_schema():
        raise SchemaMissing("the database has no schema; run `frostline migrate`.")
    is_told = False
    while not store.try_lock():
        if not is_told:
            log.info("another sealer is at work; waiting")
            is_told = True
        if stop.wait(_STANDBY_POLL_S):
            return False
    metrics.AT_WORK.set(1)
    log.info("at work")
    return True


class Sealer:
    """Appends seals, by a store that has the lease."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._looks = 0
        self._newest = _end_of_chain(store)

    def work(self, stop: threading.Event, *, interval_s: float) -> None:
        """Seal what there is, every so often, until told to stop."""
        while not stop.is_set():
            while self.step() == LEAVES_MAX and not stop.is_set():
                pass
            stop.wait(interval_s)

    def step(self) -> int:
        """Seal what waits for it, at most LEAVES_MAX bundles; return how many."""
        started = time.monotonic()
        waiting = self._store.unsealed(after_id=self._look_after(), limit=LEAVES_MAX)
        if not waiting:
            return 0
        seal = Seal(
            seal_number=1 if self._newest is None else self._newest.seal_number + 1,
            sealed_at_ms=int(self._clock().timestamp() * 1000),
            leaves=len(waiting),
            merkle_root=root_of([bundle.sha256 for bundle in waiting]),
            previous=NO_SEAL if self._newest is None else self._newest.sha256,
        )
        self._store.append(seal, [bundle.evidence_id for bundle in waiting])
        self._newest = seal
        _report(seal, time.monotonic() - started)
        return seal.leaves

    def _look_after(self) -> int:
        """Return the id after which to look for bundles without a seal."""
        self._looks += 1
        if self._looks % _FULL_LOOK_EVERY == 1:
            return 0
        return self._store.newest_sealed_id() - _LOOK_BACK_IDS


def _end_of_chain(store: Store) -> Seal | None:
    stored = store.newest_seal()
    if stored is None:
        return None
    if stored.seal.sha256 != stored.sha256:
        raise ChainBroken(
            f"seal {stored.seal.seal_number} does not have the SHA-256 stored with it; "
            "see `frostline evidence chain`, and restore `seals` from a backup."
        )
    return stored.seal


def _report(seal: Seal, took_s: float) -> None:
    metrics.SEALS.inc()
    metrics.BUNDLES.inc(seal.leaves)
    metrics.SEAL_SECONDS.observe(took_s)
    log.info(
        "bundles sealed",
        extra={
            "seal": seal.seal_number,
            "bundles": seal.leaves,
            "root": seal.merkle_root.hex(),
            "ms": round(took_s * 1000, 1),
        },
    )
