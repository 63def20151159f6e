"""Each table is written by the one folder that docs/database.md names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The folders that speak to PostgreSQL; import-linter keeps psycopg out of the others.
WRITERS = ("api", "gateway", "routing")
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w ]*?) ?\|", re.MULTILINE)
_WRITE = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE)\s+(?:ONLY\s+)?\"?(\w+)", re.IGNORECASE
)


def documented() -> dict[str, set[str]]:
    text = (ROOT / "docs/database.md").read_text(encoding="utf-8")
    return {table: {owner, *other.split()} for table, owner, other in _ROW.findall(text)}


def tables() -> set[str]:
    script = "".join(path.read_text() for path in (ROOT / "schemas/sql").glob("0*.sql"))
    return set(re.findall(r"CREATE TABLE (\w+)", script))


def written_by(folder: str) -> set[str]:
    """Return the tables that a folder's string constants write."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))
    return set(_WRITE.findall(source)) & tables()


def test_every_table_has_an_owner() -> None:
    assert set(documented()) == tables()


@pytest.mark.parametrize("folder", WRITERS)
def test_a_folder_writes_only_its_own_tables(folder: str) -> None:
    owned = {table for table, writers in documented().items() if folder in writers}
    assert written_by(folder) <= owned


def test_the_owners_do_write_their_tables() -> None:
    """So that the search above cannot pass by finding nothing."""
    written = written_by("gateway") | written_by("api")
    assert {"readings", "latest", "touched", "events", "orders", "bindings"} <= written


def test_business_sql_takes_the_time_as_a_parameter() -> None:
    clock = re.compile(r"\b(?:now\(\)|current_timestamp|clock_timestamp\(\))", re.IGNORECASE)
    for folder in WRITERS:
        for path in (ROOT / folder).rglob("store*.py"):
            assert not clock.search(path.read_text(encoding="utf-8")), path
