"""docs/policies.md names each key of a policy with its default, and none that is not there."""

import re
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path

import pytest

from gateway.rules.policy import Budget, Defrost, Limit, Policy, ShelfLife
from gateway.rules.policy_file import read_policy

TEXT = (Path(__file__).parents[2] / "docs/policies.md").read_text(encoding="utf-8")
SECTIONS = {
    "### The policy": Policy,
    "### `[[limits]]`": Limit,
    "### `[[budgets]]`": Budget,
    "### `[shelf_life]`": ShelfLife,
    "### `[[defrosts]]`": Defrost,
}


def shown(default: object) -> str:
    if default is MISSING:
        return "required"
    if default in (None, ()):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default.value if isinstance(default, Enum) else default}`"


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_key_stands_there_with_its_default_and_no_other(heading: str) -> None:
    section = TEXT.partition(f"{heading}\n")[2].partition("\n#")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \|$", section, re.MULTILINE))
    assert documented == {f.name: shown(f.default) for f in fields(SECTIONS[heading])}


def test_the_example_is_a_policy() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert read_policy(example, name="docs/policies.md").policy_id == "chilled"
