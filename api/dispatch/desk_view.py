"""What does the desk show of an order and of what was said? Values in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.dispatch.desk_words import DeskWords
from api.dispatch.resources import LONGEST_HOLD, Command
from api.dispatch.speech import Speech
from api.dispatch.store_plan import City, Standing
from schemas.ids import OrderId

_FIELD: Final = "%Y-%m-%dT%H:%M"  # of <input type="datetime-local">
_HELD_AT_FIRST: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLook:
    """A city, and of it what a dispatcher asked for."""

    city: City
    now: datetime
    version: int
    standing: Standing
    order_id: OrderId | None
    is_known: bool
    takers: Sequence[str]
    commands: Sequence[Command]
    said: Command | None
    refused: str | None
    dispatcher_lives: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow:
    """A command in the list. `undo`: the version that may be taken back."""

    at: str
    by: str
    words: str
    outcome: str
    undo: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that the desk shows."""

    sentences: tuple[str, ...]
    can_be_commanded: bool
    on_vehicle: str | None
    takers: Sequence[str]
    hold_least: str
    hold_most: str
    hold_first: str
    mood: str
    outcome: str | None
    is_waiting: bool
    commands: tuple[SaidRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSpeech(Speech):
    """How a dispatcher is spoken to where he commands: with the desk's own words besides."""

    words: DeskWords


def desk_of(look: DeskLook, speech: DeskSpeech) -> Desk:
    """Return what the desk shows."""
    stop = next(
        (each for each in look.standing.stops if each.order_id == look.order_id is not None), None
    )
    is_waiting = look.said is not None and look.said.outcome is None
    return Desk(
        sentences=_sentences(look, speech),
        can_be_commanded=look.order_id is not None and look.is_known,
        on_vehicle=stop.vehicle_id if stop else None,
        takers=look.takers,
        hold_least=_field(look.now, speech.zone),
        hold_most=_field(look.now + LONGEST_HOLD, speech.zone),
        hold_first=_field(look.now + _HELD_AT_FIRST, speech.zone),
        mood=_mood(look),
        outcome=_what_came(look, speech),
        is_waiting=is_waiting and look.dispatcher_lives,
        commands=tuple(_row(command, speech) for command in look.commands),
    )


def _field(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime(_FIELD)


def _sentences(look: DeskLook, speech: DeskSpeech) -> tuple[str, ...]:
    words = speech.words
    if look.order_id is None:
        return (words.choose,)
    if not look.is_known:
        return (words.unknown.format(order=look.order_id),)
    sentences = []
    stops = [each for each in look.standing.stops if each.order_id == look.order_id]
    for stop in stops[-1:]:  # a meeting comes before the door
        sentences.append(
            words.planned.format(
                vehicle=stop.vehicle_id, time=speech.clock(stop.arrives_at), version=look.version
            )
        )
        if stop.due_at is not None:
            sentences.append(words.due.format(time=speech.clock(stop.due_at)))
    if not stops:
        sentences.append(words.unplanned.format(version=look.version))
    sentences += [
        each.sentence for each in look.standing.unserved if each.order_id == look.order_id
    ]
    sentences += [speech.pinned(pin) for pin in look.standing.pins if pin.order_id == look.order_id]
    return tuple(sentences)


def _mood(look: DeskLook) -> str:
    said = look.said
    is_refused = said is not None and said.outcome is not None and not said.outcome.accepted
    return "warn" if look.refused or is_refused else "fine"


def _what_came(look: DeskLook, speech: DeskSpeech) -> str | None:
    """Say what came of what was just said; None: nothing was."""
    if look.refused is not None:
        return speech.words.refusals.get(look.refused, speech.words.refusals["malformed"])
    if look.said is None:
        return None
    if look.said.outcome is None and not look.dispatcher_lives:
        return speech.words.nobody
    return f"{_told(look.said, speech)}. {_outcome(look.said, speech)}"


def _row(command: Command, speech: DeskSpeech) -> SaidRow:
    outcome = command.outcome
    may_undo = outcome is not None and outcome.accepted and command.kind != "undo"
    return SaidRow(
        at=speech.clock(command.commanded_at),
        by=command.commanded_by,
        words=_told(command, speech),
        outcome=_outcome(command, speech),
        undo=outcome.version if outcome is not None and may_undo else None,
    )


def _told(command: Command, speech: DeskSpeech) -> str:
    held = command.hold_until
    return speech.words.told[command.kind].format(
        order=command.order_id,
        vehicle=command.vehicle_id,
        time=speech.clock(held) if held else "",
        undo=command.undo_version,
    )


def _outcome(command: Command, speech: DeskSpeech) -> str:
    outcome = command.outcome
    if outcome is None:
        return speech.words.waiting
    if not outcome.accepted:
        return speech.words.refused.format(reason=outcome.reason)
    if outcome.version is None:
        return speech.words.accepted_as_it_is
    if not outcome.price:
        return speech.words.accepted_free.format(version=outcome.version)
    return speech.words.accepted.format(version=outcome.version, price=speech.cost(outcome.price))
