"""A running api for tests that ask it over HTTP."""

from collections.abc import Iterator

import pytest

from tests.api_world import World, running_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Run the api over a fresh database."""
    with running_world(database_url) as world:
        yield world
