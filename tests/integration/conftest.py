"""A running api for tests that ask it over HTTP."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.api_world import World, running_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Run the api over a fresh database."""
    with running_world(database_url) as world:
        yield world


@pytest.fixture
def wiped_world(shared_world: World) -> World:
    """Lend a module's api over an empty database: much sooner there than a fresh one."""
    shared_world.wipe()
    return shared_world


@pytest.fixture(scope="module")
def shared_world(server_dsn: str, migrated_template: str) -> Iterator[World]:
    """Run one api for a module's tests that leave no trace: requests that are refused."""
    name = f"frostline_shared_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_dsn, autocommit=True) as admin:
        copy = "CREATE DATABASE {} TEMPLATE {}"
        admin.execute(sql.SQL(copy).format(*map(sql.Identifier, (name, migrated_template))))
        with running_world(make_conninfo(server_dsn, dbname=name)) as world:
            yield world
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
