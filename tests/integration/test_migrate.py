"""Migrations run once, whoever starts them, and notice a file that was changed."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from frostline.migrate import MigrationRefused, migrate, migrations

NAMES = [migration.name for migration in migrations()]


def test_an_empty_database_gets_every_file_once(empty_database_url: str) -> None:
    assert migrate(empty_database_url) == NAMES
    assert migrate(empty_database_url) == []


def test_four_at_once_run_each_file_once(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: migrate(empty_database_url), range(4)))
    assert sorted(runs) == [[], [], [], NAMES]


def test_a_file_that_was_changed_after_it_ran_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("UPDATE schema_migrations SET sha256 = 'another' WHERE number = 1")
    with pytest.raises(MigrationRefused, match="was changed after it ran"):
        migrate(empty_database_url)


def test_readings_are_a_hypertable(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT hypertable_name FROM timescaledb_information.hypertables"
        ).fetchall()
    assert rows == [("readings",)]


def test_bindings_of_one_logger_never_overlap(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO loggers (logger_id, registered_at) VALUES ('L', '2026-11-01T00:00Z')"
        )
        connection.execute("INSERT INTO places VALUES ('p', 'locker', 'P', 'chilled')")
        bind = (
            "INSERT INTO bindings (logger_id, place_id, during, bound_by) "
            "VALUES ('L', 'p', tstzrange(%s, %s), 'test')"
        )
        connection.execute(bind, ["2026-11-01T08:00Z", "2026-11-01T09:00Z"])
        connection.execute(bind, ["2026-11-01T09:00Z", None])  # one ends as the other begins
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(bind, ["2026-11-01T08:59:59Z", "2026-11-01T09:00Z"])
