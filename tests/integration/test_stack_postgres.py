"""A private TimescaleDB, without root and without an open door."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from frostline.stack.errors import ChildDied
from frostline.stack.postgres import Postgres


def test_a_migrated_database_has_a_hypertable_of_readings(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT hypertable_name FROM timescaledb_information.hypertables"
        ).fetchall()
    assert ("readings",) in rows


@pytest.mark.usefixtures("database_url")
def test_an_empty_database_knows_nothing_of_a_migrated_one(empty_database_url):
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('readings')").fetchone() == (None,)


def test_nobody_gets_in_without_the_password(make_postgres):
    dsn = make_postgres().dsn("postgres")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(make_conninfo(dsn, password="wrong"))


def test_what_was_committed_outlives_a_kill(make_postgres):
    server = make_postgres(durable=True)
    dsn = server.create_database("kept")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
    server.kill()
    server.start()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (1,)


def test_a_start_that_fails_says_why_and_leaves_nothing(
    postgres_installation, stack_folder, make_postgres
):
    taken = make_postgres().port
    second = Postgres(postgres_installation, stack_folder / "second", durable=False, port=taken)
    with pytest.raises(ChildDied, match="could not bind IPv4 address"):
        second.start()
    second.check()  # it is not our child any more


def test_the_data_is_closed_to_other_accounts(make_postgres):
    assert make_postgres().data.stat().st_mode & 0o777 == 0o700
