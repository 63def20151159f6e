"""Which bundles wait for a seal, which seals are there? The sealer's only door to PostgreSQL."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString, Self

import psycopg

from gateway.database.store import connect
from gateway.seal import store_statements as sql
from schemas.evidence_file import Seal

DATABASE_DOWN: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a caller answers by trying again on a new connection."""

# Any constant of our own: "SEAL".
_LOCK: Final = 0x5345414C
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEALS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A bundle that waits for its seal."""

    evidence_id: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A seal, and the hash that was stored with it."""

    seal: Seal
    sha256: bytes


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """A bundle of evidence, uncompressed; place None: not sealed yet."""

    bundle: bytes
    place: tuple[int, int] | None  # seal number, position


class Store:
    """One connection. The lease lives on the connection that seals, and ends with it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    def connect(cls, database_url: str, *, name: str) -> Self:
        """Connect; `name` is what others see of us. A dead sealer's lease ends with its session."""
        return cls(connect(database_url, name=name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def has_schema(self) -> bool:
        """Whether somebody has migrated this database."""
        return self._value(sql.HAS_SCHEMA, {}) is not None

    # Sealing

    def try_lock(self) -> bool:
        """Take the lease, unless another sealer has it."""
        return bool(self._value(sql.TRY_LOCK, {"lock": _LOCK}))

    def newest_seal(self) -> StoredSeal | None:
        """Return the end of the chain, None: nothing was sealed yet."""
        row = self._connection.execute(sql.SELECT_NEWEST_SEAL).fetchone()
        return None if row is None else _seal(row)

    def newest_sealed_id(self) -> int:
        """Return the largest id of a sealed bundle, 0: none is."""
        return int(self._value(sql.NEWEST_SEALED_ID, {}) or 0)

    def unsealed(self, *, after_id: int, limit: int) -> list[Unsealed]:
        """Return bundles without a seal, by id."""
        params = {"after_id": after_id, "limit": limit}
        return [Unsealed(*row) for row in self._connection.execute(sql.SELECT_UNSEALED, params)]

    def append(self, seal: Seal, evidence_ids: Sequence[int]) -> None:
        """Commit a seal over these bundles, by position, and wake who listens.

        The primary keys of both tables refuse a second seal of one number or one bundle: whoever
        lost the lease without knowing it fails here (`psycopg.errors.UniqueViolation`).
        """
        params = {
            "seal_number": seal.seal_number,
            "sealed_at": _EPOCH + timedelta(milliseconds=seal.sealed_at_ms),
            "leaves": seal.leaves,
            "merkle_root": seal.merkle_root,
            "previous": seal.previous,
            "sha256": seal.sha256,
        }
        sealed = {"seal_number": seal.seal_number, "evidence_ids": list(evidence_ids)}
        with self._connection.transaction():
            self._connection.execute(sql.INSERT_SEAL, params)
            self._connection.execute(sql.INSERT_SEALED, sealed)
            self._connection.execute(sql.NOTIFY)

    # Reading

    def bundle_of_order(self, order_id: str) -> StoredBundle | None:
        """Return an order's newest bundle."""
        return self._bundle(sql.SELECT_OF_ORDER, {"order_id": order_id})

    def bundle_of_trigger(self, trigger_id: int) -> StoredBundle | None:
        """Return the bundle of the decision that stands."""
        return self._bundle(sql.SELECT_OF_TRIGGER, {"trigger_id": trigger_id})

    def seals(self) -> Iterator[StoredSeal]:
        """Return the chain from its beginning."""
        after = 0
        while True:
            params = {"after": after, "limit": _SEALS_AT_ONCE}
            rows = self._connection.execute(sql.SELECT_SEALS, params).fetchall()
            for row in rows:
                yield _seal(row)
            if len(rows) < _SEALS_AT_ONCE:
                return
            after = rows[-1][0]

    def seal(self, seal_number: int) -> StoredSeal | None:
        """Return one seal."""
        params = {"after": seal_number - 1, "limit": 1}
        row = self._connection.execute(sql.SELECT_SEALS, params).fetchone()
        return None if row is None or row[0] != seal_number else _seal(row)

    def digests(self, seal_number: int) -> list[bytes]:
        """Return the SHA-256 of the bundles under a seal, by position."""
        rows = self._connection.execute(sql.SELECT_DIGESTS, {"seal_number": seal_number})
        return [digest for (digest,) in rows]

    def altered(self, seal_number: int) -> list[int]:
        """Return the ids of bundles under a seal that do not have their SHA-256."""
        with self._connection.cursor() as cursor:
            return [
                evidence_id
                for evidence_id, sha256, packed in cursor.stream(
                    sql.SELECT_BUNDLES, {"seal_number": seal_number}
                )
                if hashlib.sha256(_unpacked(packed)).digest() != sha256
            ]

    def count_unsealed(self) -> int:
        """Count bundles that wait for a seal."""
        return int(self._value(sql.COUNT_UNSEALED, {}) or 0)

    def _bundle(
        self, statement: LiteralString, params: Mapping[str, object]
    ) -> StoredBundle | None:
        row = self._connection.execute(statement, params).fetchone()
        if row is None:
            return None
        place = self._connection.execute(sql.SELECT_PLACE, {"evidence_id": row[0]}).fetchone()
        return StoredBundle(bundle=zlib.decompress(row[1]), place=place)

    def _value(self, statement: LiteralString, params: Mapping[str, object]) -> int | str | None:
        row = self._connection.execute(statement, params).fetchone()
        return row[0] if row else None


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:  # changed beyond reading: it has no hash that fits
        return b""


def _seal(row: tuple[int, int, int, bytes, bytes, bytes]) -> StoredSeal:
    seal_number, sealed_at_ms, leaves, merkle_root, previous, sha256 = row
    seal = Seal(
        seal_number=seal_number,
        sealed_at_ms=sealed_at_ms,
        leaves=leaves,
        merkle_root=merkle_root,
        previous=previous,
    )
    return StoredSeal(seal, sha256)
