"""What is the next version of the plan?

`replan` searches from what stands, by iterations: the same state and seed give the same plan,
however fast the machine is. `inserted` takes a start as it is. Where the new plan says nothing else
than the living one there is no new version.
"""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from routing.dispatch.changes import changes_of, is_other_plan
from routing.dispatch.decision import NewPlan
from routing.dispatch.rows import stops_of, unserved_of
from routing.dispatch.standing import Standing
from routing.evaluate import evaluate
from routing.plan import UNITS_PER_MINOR, Plan
from routing.problem import Problem
from routing.solve import Means, solve
from routing.unserved import explain_unserved

QUICK_TRIES: Final = 200
"""Days that are walked to say why orders stay behind, where an answer is waited for."""


LEAST_SAVING: Final = 1000
"""Fen: for less nobody is told of another plan. What was left over is found again by the next
search, with what has come to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a version is made: a word (`plans.reason`), and facts."""

    reason: str
    facts: dict[str, Any] = field(default_factory=dict)
    pins_cost: int = 0


def replan(standing: Standing, why: Why, *, seed: int, iterations: int) -> NewPlan | None:
    """Search for a better plan; return the next version, or None if the living plan stands."""
    plan = searched(standing, seed=seed, iterations=iterations)
    return as_next(standing, plan, why)


def as_next(standing: Standing, plan: Plan, why: Why) -> NewPlan | None:
    """Return what was searched for as the next version, if it saves enough; else the start."""
    return as_version(standing, _if_worth_it(standing, plan), why)


def inserted(standing: Standing, why: Why) -> NewPlan | None:
    """Return the start as the next version, or None if it is the living plan."""
    return as_version(standing, as_it_stands(standing), why)


def searched(standing: Standing, *, seed: int, iterations: int) -> Plan:
    """Return the best plan that so many iterations find."""
    if iterations < 1 or not standing.problem.orders or not standing.problem.vehicles:
        return replace(as_it_stands(standing), seed=seed)
    return solve(
        standing.problem,
        iterations=iterations,
        seed=seed,
        start=standing.start,
        means=Means(explain_tries=QUICK_TRIES),
    )


def _if_worth_it(standing: Standing, plan: Plan) -> Plan:
    """Return a plan that saves enough to tell drivers of it, or else the start."""
    start = evaluate(standing.problem, standing.start)
    if start.cost.total - plan.cost.total >= LEAST_SAVING * UNITS_PER_MINOR:
        return plan
    return replace(
        as_it_stands(standing), engine=plan.engine, seed=plan.seed, iterations=plan.iterations
    )


def as_it_stands(standing: Standing) -> Plan:
    """Return the plan that the start is."""
    found = evaluate(standing.problem, standing.start)
    return Plan(
        draft=standing.start,
        routes=found.routes,
        unserved=explain_unserved(standing.problem, standing.start, tries=QUICK_TRIES),
        cost=found.cost,
        totals=found.totals,
        engine="insertion",
        seed=0,
        iterations=0,
    )


def as_version(standing: Standing, plan: Plan, why: Why) -> NewPlan | None:
    """Return a plan as the version after the living one. Its `took_ms` is the caller's to say."""
    stops, unserved = stops_of(standing, plan.routes), unserved_of(standing, plan)
    if not is_other_plan(standing, stops, unserved):
        return None
    return NewPlan(
        base=standing.state.plan.version,
        reason=why.reason,
        why=why.facts,
        engine=plan.engine,
        seed=plan.seed,
        iterations=plan.iterations,
        problem_sha256=sha256_of(standing.problem),
        cost=plan.cost,
        pins_cost=why.pins_cost,
        took_ms=0,
        stops=stops,
        unserved=unserved,
        changes=changes_of(standing, stops, unserved),
    )


def sha256_of(problem: Problem) -> bytes:
    """Return the hash of all but the travel, which is its source's.

    Sets are put in order: else each process would have a hash of its own.
    """
    rows = (problem.now_s, problem.places, problem.orders, problem.depots, problem.vehicles)
    return hashlib.sha256(msgspec.json.encode(rows, order="deterministic")).digest()
