"""Why does an order stay behind, and what would serve it?

Found by trying. First alone: days that serve nothing else. If each of them breaks a rule, the rule
of the day that takes least to be mended is the reason. Otherwise the order competes: it is put
into the plan as it is, and the reason is what stands there in the way of those who could serve it
alone, or that it costs more than its drop cost. The remedy is what serves it in the plan with the
fewest and smallest changes, and the sentence names each of them with its new value.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from routing.plan import UNITS_PER_MINOR, Draft, Reason, Unserved
from routing.problem import Order, Problem
from routing.remedy import Remedy, moves_no_limit
from routing.trial import Spot, Tries, effort
from routing.words import clock, money

TRIES: Final = 2000
"""How many days are walked in all, half a second of work, unless there are very many orders."""

FEWEST: Final = 2
MOST: Final = 200
"""For one order, so many days of each kind at least, and at most."""

PLANNED: Final = 1000
"""Where more orders than this are left, they are tried alone, but not in the plan."""

FOR_GOOD: Final = frozenset[Reason]({"compartment", "pin", "skill", "stock"})
"""Rules that a vehicle breaks, or not, however little it has to do."""

MANY: Final = 3
"""A remedy that moves more limits than this is not offered where one more vehicle serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An order that stays behind, with remedies that can be applied, the least first."""

    unserved: Unserved
    remedies: tuple[Remedy, ...]


def explain_unserved(problem: Problem, draft: Draft, *, tries: int = TRIES) -> tuple[Unserved, ...]:
    """Return each order that a draft does not serve, in the problem's order, with the reason.

    The draft breaks no rule. The more orders are unserved, the fewer days are tried for each.
    """
    return tuple(finding.unserved for finding in find_unserved(problem, draft, tries=tries))


def find_unserved(
    problem: Problem, draft: Draft, *, tries: int = TRIES, only: str | None = None
) -> Iterator[Finding]:
    """Yield what `explain_unserved` says with its remedies as values; of one order if `only`."""
    served = {visit.order for tours in draft for tour in tours for visit in tour.visits}
    left = [
        k for k, order in enumerate(problem.orders) if k not in served and only in {None, order.id}
    ]
    if not left:
        return
    each = max(FEWEST, min(MOST, tries // (2 * len(left))))
    state = Tries(problem, draft)
    for k in left:
        yield _find(state, k, each, planned=len(left) <= PLANNED)


def _find(tries: Tries, k: int, each: int, *, planned: bool) -> Finding:
    """Try an order alone, then in the plan."""
    order = tries.problem.orders[k]
    alone = _tried(tries, k, tries.alone(k, each), alone=True)
    among = _tried(tries, k, tries.planned(k, each)) if planned else []
    extra = _extra(tries, k, alone)
    if any(not remedy.changes for remedy in alone):
        among = [remedy for remedy in among if _of_the_able(remedy)] or among
    least = min(among, key=effort, default=None)
    allowed = [remedy for remedy in among if moves_no_limit(remedy)]
    if allowed:
        least = min(allowed, key=lambda remedy: remedy.added)
    reason, sentence = _reason(tries, order, alone, least)
    if least is not None and reason == "search":
        extra = None
    elif extra is not None and least is not None and len(least.changes) > MANY:
        least = None
    remedies = tuple(remedy for remedy in (least, extra) if remedy is not None)
    return Finding(
        unserved=Unserved(
            order=order.id,
            reason=reason,
            sentence=sentence,
            remedy=_remedy(tries, order, remedies),
        ),
        remedies=remedies,
    )


def _tried(tries: Tries, k: int, spots: Iterable[Spot], *, alone: bool = False) -> list[Remedy]:
    remedies = (tries.remedy(k, spot, alone=alone) for spot in spots)
    return [remedy for remedy in remedies if remedy is not None]


def _extra(tries: Tries, k: int, alone: list[Remedy]) -> Remedy | None:
    """Return the cheapest vehicle that could be had besides, if it serves the order as it is."""
    if tries.problem.orders[k].id in tries.judge.aboard:
        return None
    kinds = dict.fromkeys(remedy.vehicle for remedy in sorted(alone, key=effort))
    extras = [tries.one_more(k, like) for like in islice(kinds, 3)]
    useful = [extra for extra in extras if extra is not None and moves_no_limit(extra)]
    return min(useful, key=lambda extra: extra.added, default=None)


def _of_the_able(remedy: Remedy) -> bool:
    """Return whether a vehicle could serve the order if only it had nothing else to do."""
    return not any(change.reason in FOR_GOOD for change in remedy.changes)


def _reason(
    tries: Tries, order: Order, alone: list[Remedy], least: Remedy | None
) -> tuple[Reason, str]:
    """Return why an order stays behind, and the sentence that says so."""
    best = min(alone, key=effort, default=None)
    if best is None and least is None:
        return "unreachable", f"No vehicle has a way to {order.place}."
    if best is not None and best.changes:
        reason, facts = _facts(best)
        return reason, f"Not even alone: {facts}."
    if least is None:
        return "search", "It can be served alone; no place for it in the plan was tried."
    if moves_no_limit(least):
        return _cost(tries, order, least)
    reason, facts = _facts(least)
    return reason, f"Alone it could be served; in this plan {facts}."


def _cost(tries: Tries, order: Order, least: Remedy) -> tuple[Reason, str]:
    who = tries.problem.vehicles[least.vehicle].id
    leaving = money(order.drop_cost * UNITS_PER_MINOR)
    if least.changes:
        fact = f"costs {money(least.added)} more, its drop cost is {leaving}"
        return "cost", f"Serving it by {who} {fact}."
    saved = f"{who} can serve it for {money(least.added)} more, and its drop cost is {leaving}"
    return "search", f"{saved}: the search ended before it found that."


def _facts(remedy: Remedy) -> tuple[Reason, str]:
    """Return the rule that is broken most, and what breaks it and the others."""
    changes = [change for change in remedy.changes if change.reason != "cost"]
    first, *others = sorted(changes, key=lambda change: -change.share)
    if not others:
        return first.reason, first.fact
    more = others[0].fact if len(others) == 1 else f"{len(others)} more rules are broken"
    return first.reason, f"{first.fact}; and {more}"


def _remedy(tries: Tries, order: Order, remedies: tuple[Remedy, ...]) -> str:
    """Return the sentence of what would serve an order."""
    if not remedies:
        return f"Nothing that was tried serves it: {order.place} needs a way."
    text = "; or ".join(_serves(tries, remedy) for remedy in remedies)
    return f"{text}."


def _serves(tries: Tries, remedy: Remedy) -> str:
    who = (
        f"one more vehicle like {remedy.extra.id.removesuffix('+1')}"
        if remedy.extra
        else tries.problem.vehicles[remedy.vehicle].id
    )
    wishes = " and ".join(change.wish for change in remedy.changes)
    serves = f"{who} serves it at {clock(remedy.starts_s)} for {money(remedy.added)} more"
    return f"{serves}, if {wishes}" if wishes else serves
