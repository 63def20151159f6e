"""What does a member get, in their words?

What was decided, by which published clause, and whether a person still looks at it. What needs no
word is left out: a loss that is compensated elsewhere, a cause that ruled itself out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from api.compensation.resources import Trigger
from api.words import WORDS, Language, Words
from schemas.money import write_amount
from schemas.reading import Zone

State = Literal["decided", "review", "rejected", "corrected"]

BY_RULES: Final = "rules"

# By rulebook, its version and language: what `rulebooks.texts` holds.
Texts = Mapping[tuple[str, int], Mapping[str, Any]]
# By consignment.
Zones = Mapping[str, Zone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payback:
    """What the page says of one compensation."""

    state: State
    cause: str
    words: str
    clause: str | None


def paybacks_of(
    triggers: Iterable[Trigger], boxes: Zones, texts: Texts, language: Language
) -> tuple[Payback, ...]:
    """Return what a member is told of an order's compensation, oldest first."""
    words = WORDS[language]
    return tuple(
        Payback(
            state=state,
            cause=_cause(trigger, boxes, words),
            words=words.payback_states[state].format(
                amount=write_amount(trigger.amount, trigger.currency, language.value)
            ),
            clause=_clause(trigger, texts, words, language),
        )
        for trigger in triggers
        if (state := state_of(trigger)) is not None
    )


def state_of(trigger: Trigger) -> State | None:
    """Return how a compensation stands for its member; None: there is nothing to say."""
    if trigger.needs_review:
        return "review"
    if trigger.amount > 0:
        return "decided"
    if trigger.delta < 0:
        return "corrected"
    if trigger.outcome == "blocked" and trigger.decided_by != BY_RULES:
        return "rejected"
    return None


def rulebooks_of(triggers: Sequence[Trigger]) -> frozenset[tuple[str, int]]:
    """Return the rulebooks, by id and version, that a member's triggers were decided by."""
    return frozenset((t.rulebook_id, t.rulebook_version) for t in triggers)


def _cause(trigger: Trigger, boxes: Zones, words: Words) -> str:
    cause = words.payback_causes[trigger.cause.partition(":")[0]]
    zone = boxes.get(trigger.consignment_id or "")
    return words.payback_of_box.format(zone=words.zones[zone], cause=cause) if zone else cause


def _clause(trigger: Trigger, texts: Texts, words: Words, language: Language) -> str | None:
    book = texts.get((trigger.rulebook_id, trigger.rulebook_version), {})
    sentence = (book.get(language.value) or {}).get("clauses", {}).get(trigger.clause)
    if sentence is None:
        return None
    return words.payback_clause.format(number=trigger.clause, text=sentence)
