"""Is a file of compensation rules good, and what does it say?

A refusal is FILE:LINE and the reason. A sentence may name no number of its own and must name those
of its rule (`{percent}`), so that the published text is what is paid.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gateway.rules.compensation_rules import Clause, CompensationRules
from gateway.rules.toml_lines import BadFile, TomlFile, TomlPath
from schemas.money import CURRENCIES

ANSWERING_LEVELS: Final = 3

_RULEBOOK_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NUMBER: Final = re.compile(r"[1-9]\d*(\.[1-9]\d*)*")
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
# The numbers of a rule, as its sentences must name them.
_NAMED: Final[dict[str, frozenset[str]]] = {
    "spoiled": frozenset({"percent"}),
    "proof": frozenset({"zones"}),
    "late": frozenset({"percent", "time"}),
    "small_complaints": frozenset({"amount"}),
    "serious_complaints": frozenset({"time", "levels"}),
    "automatic": frozenset({"amount"}),
    "cap": frozenset({"amount", "levels"}),
    "blocked": frozenset(),
    "once": frozenset(),
}
_MOST_PER_MILLE: Final = {"spoiled": 10_000, "late": 1_000}  # ten times the goods; the whole fee


@dataclass(frozen=True, slots=True)
class _Fault:
    path: TomlPath
    reason: str


def read_rules(text: str, *, name: str) -> CompensationRules:
    """Return the rules of a TOML file; `name` is what refusals call it.

    Raises BadFile.
    """
    file = TomlFile(text, name=name)
    rules = file.read_as(CompensationRules)
    faults = [file.refuse(fault.path, fault.reason) for fault in _faults(rules)]
    if faults:
        raise min(faults, key=_line)
    return rules


def _line(fault: BadFile) -> int:
    return fault.line


def _faults(rules: CompensationRules) -> Iterator[_Fault]:
    yield from _head_faults(rules)
    yield from _clause_faults(rules)
    yield from _share_faults(rules)
    yield from _late_faults(rules)
    yield from _answer_faults(rules)
    yield from _amount_faults(rules)
    yield from _repeats(rules)


def _head_faults(rules: CompensationRules) -> Iterator[_Fault]:
    if not _RULEBOOK_ID.fullmatch(rules.rulebook_id):
        yield _Fault(
            ("rulebook_id",), "rulebook_id is made of small letters, digits and hyphens, up to 63"
        )
    if rules.version < 1:
        yield _Fault(("version",), f"version is {rules.version}; the first is 1")
    if rules.currency not in CURRENCIES:
        known = ", ".join(CURRENCIES)
        yield _Fault(("currency",), f"currency {rules.currency!r} is not known; known are {known}")


def _clauses(rules: CompensationRules) -> Iterator[tuple[TomlPath, Clause]]:
    for i, share in enumerate(rules.spoiled):
        yield ("spoiled", i), share.clause
    yield ("proof",), rules.proof.clause
    for i, step in enumerate(rules.late):
        yield ("late", i), step.clause
    yield ("small_complaints",), rules.small_complaints.clause
    yield ("serious_complaints",), rules.serious_complaints.clause
    yield ("automatic",), rules.automatic.clause
    yield ("cap",), rules.cap.clause
    for i, rule in enumerate(rules.blocked):
        yield ("blocked", i), rule.clause
    yield ("once",), rules.once.clause


def _clause_faults(rules: CompensationRules) -> Iterator[_Fault]:
    seen: set[str] = set()
    for path, clause in _clauses(rules):
        at = (*path, "clause")
        if not _NUMBER.fullmatch(clause.number):
            yield _Fault((*at, "number"), f"clause {clause.number!r}: a number is like 3.1")
        if clause.number in seen:
            yield _Fault((*at, "number"), f"clause {clause.number} stands here twice")
        seen.add(clause.number)
        for language in ("zh", "en"):
            sentence: str = getattr(clause, language)
            for reason in _sentence_faults(sentence, _NAMED[str(path[0])]):
                yield _Fault((*at, language), f"clause {clause.number}: {reason}")


def _sentence_faults(sentence: str, named: frozenset[str]) -> Iterator[str]:
    found = set(_PLACEHOLDER.findall(sentence))
    bare = _PLACEHOLDER.sub("", sentence)
    if not bare.strip():
        yield "the sentence is empty"
    if re.search(r"[\d{}]", bare):
        yield "a sentence names no number of its own; write what stands for it, such as {percent}"
    for name in sorted(named - found):
        yield f"the sentence does not say {{{name}}}"
    for name in sorted(found - named):
        yield f"{{{name}}} stands for nothing here"


def _share_faults(rules: CompensationRules) -> Iterator[_Fault]:
    tables = {
        "spoiled": [share.per_mille for share in rules.spoiled],
        "late": [step.per_mille for step in rules.late],
    }
    for table, shares in tables.items():
        most = _MOST_PER_MILLE[table]
        if not shares:
            yield _Fault((table,), f"there is no [[{table}]]")
        for i, per_mille in enumerate(shares):
            if not 1 <= per_mille <= most:
                reason = f"per_mille is {per_mille}; expected 1 to {most}"
                yield _Fault((table, i, "per_mille"), reason)
    if not rules.proof.zones:
        yield _Fault(("proof", "zones"), "zones is empty; name the zones that must be measured")


def _late_faults(rules: CompensationRules) -> Iterator[_Fault]:
    if rules.late and rules.late[0].late_s < 1:
        yield _Fault(("late", 0, "late_s"), "late_s must be more than 0")
    for i, (before, step) in enumerate(pairwise(rules.late), start=1):
        if step.late_s <= before.late_s or step.per_mille <= before.per_mille:
            reason = (
                "a later step must have a larger late_s and a larger per_mille than the one before"
            )
            yield _Fault(("late", i), reason)


def _answer_faults(rules: CompensationRules) -> Iterator[_Fault]:
    rule = rules.serious_complaints
    times = [level.after_s for level in rule.levels]
    at = ("serious_complaints", "levels")
    if len(times) != ANSWERING_LEVELS:
        yield _Fault(at, f"there are {len(times)} levels; a serious complaint has 3")
        return
    if times[0] != 0:
        yield _Fault((*at, 0, "after_s"), "the first level answers from 0 s on")
    if not _rises(times):
        yield _Fault((*at, 1), "each level's after_s must be larger than the one's before")
    if times[-1] >= rule.answer_within_s:
        reason = "the last level begins when the answer is due already (answer_within_s)"
        yield _Fault((*at, ANSWERING_LEVELS - 1, "after_s"), reason)


def _rises(values: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(values))


def _amount_faults(rules: CompensationRules) -> Iterator[_Fault]:
    amounts: list[tuple[TomlPath, int]] = [
        (("small_complaints", "at_once_max"), rules.small_complaints.at_once_max),
        (("automatic", "amount_max"), rules.automatic.amount_max),
        (("cap", "order_max"), rules.cap.order_max),
        *(
            (("cap", "levels", i, "order_max"), level.order_max)
            for i, level in enumerate(rules.cap.levels)
        ),
    ]
    for path, amount in amounts:
        if amount < 0:
            yield _Fault(path, f"{path[-1]} is {amount}; an amount is not negative")
    if rules.small_complaints.at_once_max > rules.cap.order_max:
        reason = "at_once_max is more than cap.order_max: it could never be paid"
        yield _Fault(("small_complaints", "at_once_max"), reason)


def _repeats(rules: CompensationRules) -> Iterator[_Fault]:
    named: list[tuple[TomlPath, str, Sequence[str]]] = [
        (("spoiled",), "severity", [share.severity for share in rules.spoiled]),
        (("cap", "levels"), "member_level", [level.member_level for level in rules.cap.levels]),
        (("blocked",), "obstacle", [rule.obstacle for rule in rules.blocked]),
    ]
    for path, field, names in named:
        for i, name in enumerate(names):
            if name in names[:i]:
                yield _Fault((*path, i, field), f"{field} {name!r} stands here twice")
