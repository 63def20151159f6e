"""docs/route-problem.schema.json says which JSON is a problem, as the code does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from routing.document import read_problem, write_problem
from routing.document_shapes import schema
from tests.routing_world import random_problem

COMMITTED = Path(__file__).parents[2] / "docs/route-problem.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(COMMITTED.read_text(encoding="utf-8")))


def test_the_schema_is_as_committed() -> None:
    """If it isn't: python -m routing.document > docs/route-problem.schema.json."""
    command = [sys.executable, "-m", "routing.document"]
    made = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert made == COMMITTED.read_text(encoding="utf-8")


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(schema())))


@pytest.mark.parametrize("seed", range(10))
def test_what_is_written_fits_the_schema(seed: int) -> None:
    VALIDATOR.validate(json.loads(write_problem(random_problem(seed))))


def first_order(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(write_problem(random_problem(1)))
    document["orders"][0] |= changes
    return document


@pytest.mark.parametrize(
    "changes",
    [
        {"late_cost": 1},
        {"drop_cost": -1},
        {"drop_cost": 100_000_001},
        {"drop_cost": "1"},
        {"drop_cost": 1.5},
        {"hold_s": -1},
        {"load": {"chilled_g": -1}},
        {"locker": {"place": "L0", "cost": -1}},
        {"id": None},
    ],
    ids=str,
)
def test_what_the_code_refuses_the_schema_refuses(changes: dict[str, Any]) -> None:
    document = first_order(**changes)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)
    with pytest.raises(ValueError, match=r"orders\[0\]"):
        read_problem(json.dumps(document).encode())


@pytest.mark.parametrize(
    "changes",
    [{"drop_cost": 0}, {"drop_cost": 100_000_000}, {"hold_s": None}, {"load": {}}],
    ids=str,
)
def test_what_the_code_reads_the_schema_allows(changes: dict[str, Any]) -> None:
    document = first_order(**changes)
    VALIDATOR.validate(document)
    read_problem(json.dumps(document).encode())
