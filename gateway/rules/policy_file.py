"""What is wrong with a policy that somebody wrote as TOML?

The file has the names of `policy`; docs/policies.md explains each. What cannot be used, or cannot
be meant, is refused with its line and what to change.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, get_args

import msgspec

from gateway.rules.canonical import DECIMALS, canonical_sha256
from gateway.rules.policy import Counting, Measured, Policy
from gateway.rules.policy_mistakes import Mistakes, mistakes_of
from gateway.rules.toml_lines import BadFile, TomlFile, TomlPath
from schemas.events import Severity, Side
from schemas.reading import Zone

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "zone": tuple(Zone),
        "side": get_args(Side),
        "severity": get_args(Severity),
        "measured": tuple(Measured),
        "counting": tuple(Counting),
    }
)


def read_policy(text: str, *, name: str) -> Policy:
    """Return the policy of a TOML file; `name` is what a refusal calls the file.

    Raises BadFile with the first mistake: FILE:LINE and what to change.
    """
    file = TomlFile(text, name=name)
    _refuse_first(file, _value_mistakes(file.values, ()))
    policy = file.read_as(Policy)
    _refuse_first(file, mistakes_of(policy))
    return policy


def document_of_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as what JSON can hold, every key written out."""
    document: dict[str, Any] = msgspec.to_builtins(policy)
    return document


def policy_of_document(document: object) -> Policy:
    """Return the policy that `document_of_policy` wrote. Raises msgspec.ValidationError."""
    return msgspec.convert(document, Policy)


def policy_sha256(policy: Policy) -> bytes:
    """Return the 32 bytes that tell a policy from any other, in all that decides."""
    return canonical_sha256(policy)


def _refuse_first(file: TomlFile, mistakes: Mistakes) -> None:
    refusals = [file.refuse(path, reason) for path, reason in mistakes]
    if refusals:
        raise min(refusals, key=_line)


def _line(refusal: BadFile) -> int:
    return refusal.line


def _value_mistakes(value: object, path: TomlPath) -> Mistakes:
    """Refuse words and numbers that are wrong wherever they stand."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _value_mistakes(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _value_mistakes(item, (*path, place))
    elif isinstance(value, float):
        yield from _number_mistakes(value, path)
    elif isinstance(value, str) and path[-1] in _CHOICES:
        choices = _CHOICES[str(path[-1])]
        if value not in choices:
            yield path, f'{path[-1]} is "{value}"; it is one of {", ".join(choices)}'


def _number_mistakes(number: float, path: TomlPath) -> Mistakes:
    if not math.isfinite(number):
        yield path, f"{path[-1]} is {number}; give a number, or leave the line out"
    elif round(number, DECIMALS) != number:
        yield path, f"{path[-1]} is {number}; give at most {DECIMALS} decimals"
