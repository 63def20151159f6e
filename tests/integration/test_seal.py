"""Every bundle gets one seal, seals stand in one chain, one sealer is at work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from frostline.evidence import check_whole_chain
from gateway.seal import seal
from gateway.seal.errors import ChainBroken, SchemaMissing
from gateway.seal.seal import LEAVES_MAX, Sealer
from gateway.seal.settings import SealSettings
from gateway.seal.store import Store
from schemas.evidence_file import NO_SEAL
from tests.conftest import WaitUntil
from tests.seal_world import AT, keep, run_sql

SEALED = "SELECT evidence_id, seal_number, position FROM sealed_evidence ORDER BY evidence_id"
COUNT = "SELECT count(*) FROM sealed_evidence"
MANY = """
INSERT INTO evidence (sha256, bundle, made_at)
SELECT sha256(number::text::bytea), '', timestamptz '2026-11-22 12:00Z'
FROM generate_series(1, {}) AS number
"""


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.connect(database_url, name="test") as store:
        yield store


@contextmanager
def sealing(database_url: str) -> Iterator[threading.Event]:
    """Run a sealer in a thread; the event tells it to stop, as the end of the context does."""
    stop = threading.Event()
    settings = SealSettings(database_url=database_url, interval_s=0.02)
    thread = threading.Thread(target=seal.run, args=(settings, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_bundles_are_sealed_in_the_order_of_their_ids(database_url: str, store: Store) -> None:
    sealer = Sealer(store, clock=lambda: AT)
    first, second = keep(database_url, b"a"), keep(database_url, b"b")
    assert sealer.step() == 2
    third = keep(database_url, b"c")
    assert sealer.step() == 1
    assert run_sql(database_url, SEALED) == [(first, 1, 0), (second, 1, 1), (third, 2, 0)]
    assert check_whole_chain(database_url).startswith("2 seals over 3 bundles hold, 0 bundles wait")


def test_nothing_to_seal_makes_no_seal(database_url: str, store: Store) -> None:
    sealer = Sealer(store, clock=lambda: AT)
    assert sealer.step() == 0
    keep(database_url, b"a")
    assert [sealer.step(), sealer.step()] == [1, 0]
    assert run_sql(database_url, "SELECT count(*) FROM seals") == [(1,)]


def test_a_seal_is_chained_to_the_one_before_across_a_restart(
    database_url: str, store: Store
) -> None:
    for content in (b"a", b"b"):
        keep(database_url, content)
        Sealer(store, clock=lambda: AT).step()
    first, second = [stored.seal for stored in store.seals()]
    assert first.previous == NO_SEAL
    assert second.previous == first.sha256


def test_a_bundle_that_was_committed_after_a_larger_id_is_sealed_too(
    database_url: str, store: Store
) -> None:
    sealer = Sealer(store, clock=lambda: AT)
    sealer.step()  # the first look begins at the first id; this is about those after it
    with psycopg.connect(database_url) as slow:
        slow.execute(MANY.format(1))
        keep(database_url, b"overtakes it")
        assert sealer.step() == 1
    assert sealer.step() == 1
    assert run_sql(database_url, COUNT) == [(2,)]


def test_more_bundles_than_fit_under_one_root_are_sealed_under_two(
    database_url: str, store: Store
) -> None:
    run_sql(database_url, MANY.format(LEAVES_MAX + 1))
    sealer = Sealer(store, clock=lambda: AT)
    assert [sealer.step(), sealer.step(), sealer.step()] == [LEAVES_MAX, 1, 0]


def test_a_changed_chain_is_not_gone_on_with(database_url: str, store: Store) -> None:
    keep(database_url, b"a")
    Sealer(store, clock=lambda: AT).step()
    run_sql(database_url, "UPDATE seals SET leaves = 2")
    with pytest.raises(ChainBroken, match="seal 1 does not have the SHA-256"):
        Sealer(store, clock=lambda: AT)


def test_a_database_without_a_schema_is_refused(empty_database_url: str) -> None:
    with pytest.raises(SchemaMissing, match="frostline migrate"):
        seal.run(SealSettings(database_url=empty_database_url), threading.Event())


def test_a_second_sealer_waits_and_takes_over(database_url: str, wait_until: WaitUntil) -> None:
    with sealing(database_url) as stop, sealing(database_url):
        keep(database_url, b"a")
        wait_until(lambda: run_sql(database_url, COUNT) == [(1,)], what="the first seal")
        stop.set()
        keep(database_url, b"b")
        wait_until(lambda: run_sql(database_url, COUNT) == [(2,)], what="the other's seal")
    assert check_whole_chain(database_url).startswith("2 seals over 2 bundles hold")


def test_a_sealer_outlives_the_loss_of_its_connection(
    database_url: str, wait_until: WaitUntil
) -> None:
    end = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'frostline seal%'
    """
    with sealing(database_url):
        keep(database_url, b"a")
        wait_until(lambda: run_sql(database_url, COUNT) == [(1,)], what="a seal")
        assert run_sql(database_url, end) == [(True,)]
        keep(database_url, b"b")
        wait_until(lambda: run_sql(database_url, COUNT) == [(2,)], what="a seal after the loss")


@pytest.mark.parametrize("interval_s", [0.0, 3600.1, -1.0])
def test_an_interval_that_makes_no_sense_is_refused(interval_s: float) -> None:
    with pytest.raises(ValueError, match="FROSTLINE_SEAL_INTERVAL_S"):
        SealSettings(database_url="", interval_s=interval_s)
