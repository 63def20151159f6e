"""The committed OpenAPI document is what the code says, and its examples are true."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from api.errors import KINDS, PROBLEM_JSON
from api.openapi import document
from schemas.events import WEBHOOK_EVENTS

COMMITTED = Path(__file__).parents[2] / "docs/openapi.json"
DOCUMENT: dict[str, Any] = json.loads(document())
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OPEN = {"get_healthz", "get_readyz"}


def validate(schema: dict[str, Any], example: object) -> None:
    """Hold an example against a schema; `#/components/...` is found beside it."""
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


def examples_of(content: dict[str, Any]) -> Iterator[object]:
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield example["value"]


def test_the_committed_document_is_what_the_code_says() -> None:
    """If not: `python -m api.openapi > docs/openapi.json`."""
    assert COMMITTED.read_text(encoding="utf-8") == document()


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_is_described_and_has_true_examples(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [a for status, a in operation["responses"].items() if status in {"200", "201"}]
    assert answers
    for described in [*bodies, *answers]:
        for content in described["content"].values():
            examples = list(examples_of(content))
            assert examples
            for example in examples:
                validate(content["schema"], example)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_declares_its_problems_and_who_may_ask(operation: dict[str, Any]) -> None:
    if operation["operationId"] in OPEN:
        assert "security" not in operation
        return
    assert operation["security"] == [{"token": []}]
    refusals = {s: a for s, a in operation["responses"].items() if int(s) >= 400}
    assert {"401", "403", "503"} <= set(refusals)
    for status, answer in refusals.items():
        content = answer["content"][PROBLEM_JSON]
        for problem in examples_of(content):
            validate(content["schema"], problem)
            assert problem["status"] == int(status)  # type: ignore[index]  # a problem


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_with_parameters_may_be_malformed(operation: dict[str, Any]) -> None:
    if operation.get("parameters") or "requestBody" in operation:
        assert "422" in operation["responses"]


def test_the_table_of_errors_has_a_name_for_each() -> None:
    names = [kind.name for kind in KINDS.values()]
    assert len(names) == len(set(names))


def test_no_schema_of_the_framework_is_left_in_the_document() -> None:
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


def test_members_pages_are_not_in_the_document() -> None:
    assert not [path for path in DOCUMENT["paths"] if path.startswith("/m/")]


def test_webhooks_are_described_as_events_are_told() -> None:
    assert set(DOCUMENT["webhooks"]) == set(WEBHOOK_EVENTS)


@pytest.mark.parametrize("type_", WEBHOOK_EVENTS)
def test_a_webhook_has_a_true_example(type_: str) -> None:
    described = DOCUMENT["webhooks"][type_]["post"]["requestBody"]["content"]["application/json"]
    validate(described["schema"], described["example"])
    data = msgspec.convert(described["example"]["data"], WEBHOOK_EVENTS[type_])
    assert msgspec.to_builtins(data).keys() == described["example"]["data"].keys()
