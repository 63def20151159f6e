"""How is a decision written: all of it, or nothing?

One transaction. A plan is the row (city, base + 1), whose key admits one writer: a dispatcher that
was paused finds its number taken, and has written nothing. A decision without a plan stands on its
base too, which must still be the newest. Rows of stops stay as long as no version says otherwise.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final, LiteralString

import msgspec

from routing.dispatch.decision import Decision, NewPlan, NewPromise, Told
from routing.dispatch.state import CityState, Pin, PlannedStop, PlannedUnserved, Visited
from routing.dispatch.store import Store, as_json, columns_of, lock_values
from routing.dispatch.store_read import LAST_MILESTONES
from routing.plan import UNITS_PER_MINOR, Cost
from schemas.events import ORDER_OFFERED, ORDER_PROMISED

_BY: Final = "dispatcher"
_ANSWERS: Final = frozenset({ORDER_PROMISED, ORDER_OFFERED})


class PlanTaken(Exception):
    """Another dispatcher has written this version: the decision is void."""


# Writers of a city come one after the other, so that the newest version read next is the newest.
# A key of its own: the session's lock on the city is held by one of them already.
TAKE_TURN: Final = """
SELECT pg_advisory_xact_lock(%(lock_class)s::integer + 1, %(city_key)s::integer)
"""

NEWEST: Final = "SELECT COALESCE(max(version), 0) FROM plans WHERE city_id = %(city_id)s"

# Who cancels an order holds its row: wait for him, and let none begin until this is written.
HOLD_ORDERS: Final = """
SELECT FROM orders WHERE order_id = ANY(%(order_ids)s) ORDER BY order_id FOR KEY SHARE
"""

ENDED: Final = """
SELECT DISTINCT order_id FROM milestones
WHERE order_id = ANY(%(order_ids)s) AND milestone = ANY(%(last)s)
"""

# ON CONFLICT: another dispatcher was first.
INSERT_PLAN: Final = """
INSERT INTO plans (city_id, version, made_at, reason, why, engine, seed, iterations, problem_sha256,
                   cost, pins_cost, took_ms)
VALUES (%(city_id)s, %(version)s, %(now)s, %(reason)s, %(why)s, %(engine)s, %(seed)s,
        %(iterations)s, %(problem_sha256)s, %(cost)s, %(pins_cost)s, %(took_ms)s)
ON CONFLICT (city_id, version) DO NOTHING
RETURNING version
"""

# A stop that is planned anew in all its columns stands; all others of the version before end.
END_STOPS: Final = """
UPDATE plan_stops SET to_version = %(version)s
WHERE city_id = %(city_id)s AND to_version IS NULL
  AND (vehicle_id, trip, position) IN (
      SELECT * FROM unnest(%(vehicle_id)s::text[], %(trip)s::integer[], %(position)s::integer[])
  )
"""

INSERT_STOPS: Final = """
INSERT INTO plan_stops (city_id, vehicle_id, trip, position, kind, order_id, depot_id, to_locker,
                        arrives_at, earliest_at, latest_at, leaves_at, locked, lat_deg, lon_deg,
                        from_version)
SELECT %(city_id)s, new.*, %(version)s
FROM unnest(
    %(vehicle_id)s::text[], %(trip)s::integer[], %(position)s::integer[], %(kind)s::text[],
    %(order_id)s::text[], %(depot_id)s::text[], %(to_locker)s::boolean[],
    %(arrives_at)s::timestamptz[], %(earliest_at)s::timestamptz[], %(latest_at)s::timestamptz[],
    %(leaves_at)s::timestamptz[], %(locked)s::boolean[], %(lat_deg)s::double precision[],
    %(lon_deg)s::double precision[]) AS new
"""

END_UNSERVED: Final = """
UPDATE plan_unserved SET to_version = %(version)s
WHERE city_id = %(city_id)s AND to_version IS NULL AND order_id = ANY(%(order_id)s)
"""

INSERT_UNSERVED: Final = """
INSERT INTO plan_unserved (city_id, from_version, order_id, reason, sentence, remedy)
SELECT %(city_id)s, %(version)s, new.*
FROM unnest(%(order_id)s::text[], %(reason)s::text[], %(sentence)s::text[], %(remedy)s::text[])
    AS new
"""

INSERT_CHANGES: Final = """
INSERT INTO plan_changes (city_id, version, order_id, what, from_vehicle, to_vehicle, from_at,
                          to_at, why)
SELECT %(city_id)s, %(version)s, new.*
FROM unnest(
    %(order_id)s::text[], %(what)s::text[], %(from_vehicle)s::text[], %(to_vehicle)s::text[],
    %(from_at)s::timestamptz[], %(to_at)s::timestamptz[], %(why)s::text[]) AS new
"""

# ON CONFLICT: an order whose offer was taken is answered again.
WRITE_PROMISES: Final = """
INSERT INTO promises (order_id, city_id, state, due_at, not_before, depot_id, reason, alternates,
                      offers, version, decided_at)
SELECT order_id, %(city_id)s, state, due_at, not_before, depot_id, reason,
       ARRAY(SELECT jsonb_array_elements_text(alternates)), offers, %(version)s, %(now)s
FROM unnest(
    %(order_id)s::text[], %(state)s::text[], %(due_at)s::timestamptz[],
    %(not_before)s::timestamptz[], %(depot_id)s::text[], %(reason)s::text[],
    ARRAY(SELECT jsonb_array_elements(%(alternates)s::jsonb)),
    ARRAY(SELECT jsonb_array_elements(%(offers)s::jsonb)))
    AS new (order_id, state, due_at, not_before, depot_id, reason, alternates, offers)
ON CONFLICT (order_id) DO UPDATE
SET state = excluded.state, due_at = excluded.due_at, not_before = excluded.not_before,
    depot_id = excluded.depot_id, reason = excluded.reason, alternates = excluded.alternates,
    offers = CASE WHEN excluded.state = 'offered' THEN excluded.offers ELSE promises.offers END,
    version = excluded.version, decided_at = excluded.decided_at
"""

# A command has one outcome; ON CONFLICT: it has it.
INSERT_OUTCOMES: Final = """
INSERT INTO command_outcomes (command_id, accepted, reason, price, version, decided_at)
SELECT command_id, accepted, reason, price,
       CASE WHEN accepted THEN %(plan_version)s::integer END, %(now)s
FROM unnest(%(command_id)s::text[], %(accepted)s::boolean[], %(reason)s::text[],
            %(price)s::bigint[]) AS new (command_id, accepted, reason, price)
ON CONFLICT (command_id) DO NOTHING
"""

END_PINS: Final = """
UPDATE pins SET to_version = %(version)s
WHERE city_id = %(city_id)s AND to_version IS NULL
  AND (order_id, kind) IN (SELECT * FROM unnest(%(order_id)s::text[], %(kind)s::text[]))
"""

INSERT_PINS: Final = """
INSERT INTO pins (city_id, from_version, order_id, kind, vehicle_id, hold_until, price, by)
SELECT %(city_id)s, %(version)s, new.*
FROM unnest(%(order_id)s::text[], %(kind)s::text[], %(vehicle_id)s::text[],
            %(hold_until)s::timestamptz[], %(price)s::bigint[], %(by)s::text[]) AS new
"""

INSERT_RESCUES: Final = """
INSERT INTO rescues (city_id, version, decided_at, order_id, consignment_id, cause, options, chosen,
                     why)
SELECT %(city_id)s, %(version)s, %(now)s, order_id, consignment_id, cause, options, chosen, why
FROM unnest(
    %(order_id)s::text[], %(consignment_id)s::text[], %(cause)s::text[],
    ARRAY(SELECT jsonb_array_elements(%(options)s::jsonb)), %(chosen)s::text[], %(why)s::text[])
    AS new (order_id, consignment_id, cause, options, chosen, why)
"""

# ON CONFLICT: the vehicle has left meanwhile, or more is known of its way there.
WRITE_VISITS: Final = """
INSERT INTO stop_visits (city_id, stop_key, vehicle_id, order_id, depot_id, arrived_at, left_at,
                         source, leg_planned_s, leg_actual_s, stop_planned_s, lat_deg, lon_deg)
SELECT %(city_id)s, new.*
FROM unnest(
    %(stop_key)s::text[], %(vehicle_id)s::text[], %(order_id)s::text[], %(depot_id)s::text[],
    %(arrived_at)s::timestamptz[], %(left_at)s::timestamptz[], %(source)s::text[],
    %(leg_planned_s)s::integer[], %(leg_actual_s)s::integer[], %(stop_planned_s)s::integer[],
    %(lat_deg)s::double precision[], %(lon_deg)s::double precision[]) AS new
ON CONFLICT (vehicle_id, stop_key, arrived_at) DO UPDATE
SET left_at = excluded.left_at, source = excluded.source,
    leg_planned_s = excluded.leg_planned_s, leg_actual_s = excluded.leg_actual_s,
    stop_planned_s = excluded.stop_planned_s
"""

DELETE_VISITS: Final = """
DELETE FROM stop_visits
WHERE city_id = %(city_id)s AND (vehicle_id, stop_key, arrived_at) IN (
    SELECT * FROM unnest(
        %(vehicle_id)s::text[], %(stop_key)s::text[], %(arrived_at)s::timestamptz[])
)
"""

# ON CONFLICT: a milestone is reached once.
INSERT_MILESTONES: Final = """
INSERT INTO milestones (order_id, milestone, at)
SELECT * FROM unnest(%(order_id)s::text[], %(milestone)s::text[], %(at)s::timestamptz[]) AS new
ON CONFLICT (order_id, milestone) DO NOTHING
"""

# ON CONFLICT: somebody else's word of the same moment; the later one holds.
WRITE_ESTIMATES: Final = """
INSERT INTO arrival_estimates (estimated_at, by, order_id, arrives_at, earliest_at, latest_at)
SELECT %(now)s, %(by)s, new.*
FROM unnest(%(order_id)s::text[], %(arrives_at)s::timestamptz[], %(earliest_at)s::timestamptz[],
            %(latest_at)s::timestamptz[]) AS new
ON CONFLICT (order_id, estimated_at) DO UPDATE
SET arrives_at = excluded.arrives_at, earliest_at = excluded.earliest_at,
    latest_at = excluded.latest_at, by = excluded.by
"""

# What the judge holds deliveries to has changed.
TOUCH: Final = """
INSERT INTO touched (order_id, from_at, to_at)
SELECT order_id, %(now)s, %(now)s FROM unnest(%(order_ids)s::text[]) AS changed (order_id)
"""

INSERT_EVENTS: Final = """
INSERT INTO events (at, from_at, to_at, type, order_id, data)
SELECT %(now)s, %(now)s, %(now)s, type, order_id, data
FROM unnest(%(type)s::text[], %(order_id)s::text[],
            ARRAY(SELECT jsonb_array_elements(%(data)s::jsonb))) AS new (type, order_id, data)
"""

NOTIFY: Final = "NOTIFY frostline"


def write(store: Store, state: CityState, decision: Decision) -> int:
    """Write what was decided of a state; return the version of the plan that stands then.

    Raises PlanTaken, with nothing written.
    """
    with store.transaction():
        return _Writing(store, state, decision).write()


class _Writing:
    """One decision on its way into the database, within a transaction."""

    def __init__(self, store: Store, state: CityState, decision: Decision) -> None:
        self._store = store
        self._state = state
        self._decision = decision
        self._base = state.plan.version
        plan = decision.plan
        self._values: dict[str, Any] = {
            "city_id": state.city.id,
            "now": decision.now,
            "version": self._base if plan is None else plan.base + 1,
            "plan_version": None if plan is None else plan.base + 1,
        }

    def write(self) -> int:
        self._take_turn()
        if self._decision.promises:
            self._drop_late_answers()
        decision = self._decision
        if decision.plan is not None:
            self._plan(decision.plan)
        self._promises(decision.promises)
        self._rows(INSERT_OUTCOMES, decision.outcomes, "command_id accepted reason price")
        if decision.pins is not None:
            self._pins(decision.pins)
        self._rescues()
        self._visits(DELETE_VISITS, decision.visits_withdrawn)
        self._visits(WRITE_VISITS, decision.visits)
        self._rows(INSERT_MILESTONES, decision.milestones, "order_id milestone at")
        columns = "order_id arrives_at earliest_at latest_at"
        self._rows(WRITE_ESTIMATES, decision.estimates, columns, by=_BY)
        self._tell(decision.told)
        self._store.execute(NOTIFY, {})
        version: int = self._values["version"]
        return version

    def _take_turn(self) -> None:
        self._store.rows(TAKE_TURN, lock_values(self._state.city.id))
        ((newest,),) = self._store.rows(NEWEST, self._values)
        if newest != self._base:
            raise PlanTaken(f"version {self._base} was decided on, and {newest} stands")

    def _drop_late_answers(self) -> None:
        """Leave out the answers to orders that have ended since the look."""
        decision = self._decision
        asked = {"order_ids": [promise.order_id for promise in decision.promises]}
        self._store.rows(HOLD_ORDERS, asked)
        rows = self._store.rows(ENDED, asked | {"last": list(LAST_MILESTONES)})
        ended = {order_id for (order_id,) in rows}
        self._decision = replace(
            decision,
            promises=tuple(one for one in decision.promises if one.order_id not in ended),
            told=tuple(
                one
                for one in decision.told
                if one.type not in _ANSWERS or one.order_id not in ended
            ),
        )

    # The plan

    def _plan(self, plan: NewPlan) -> None:
        values = self._values | {
            "reason": plan.reason,
            "why": as_json(plan.why),
            "engine": plan.engine,
            "seed": plan.seed,
            "iterations": plan.iterations,
            "problem_sha256": plan.problem_sha256,
            "cost": as_json(_in_minor(plan.cost)),
            "pins_cost": plan.pins_cost,
            "took_ms": plan.took_ms,
        }
        if not self._store.rows(INSERT_PLAN, values):
            raise PlanTaken(f"version {values['version']} stands already")
        self._stops(plan.stops)
        self._unserved(plan.unserved)
        columns = "order_id what from_vehicle to_vehicle from_at to_at why"
        self._rows(INSERT_CHANGES, plan.changes, columns)

    def _stops(self, stops: Sequence[PlannedStop]) -> None:
        before, after = set(self._state.plan.stops), set(stops)
        ended = [stop for stop in self._state.plan.stops if stop not in after]
        self._rows(END_STOPS, ended, "vehicle_id trip position")
        self._rows(INSERT_STOPS, [s for s in stops if s not in before], _names(PlannedStop))

    def _unserved(self, unserved: Sequence[PlannedUnserved]) -> None:
        before, after = set(self._state.plan.unserved), set(unserved)
        ended = [each for each in self._state.plan.unserved if each not in after]
        self._rows(END_UNSERVED, ended, "order_id")
        self._rows(
            INSERT_UNSERVED, [u for u in unserved if u not in before], _names(PlannedUnserved)
        )

    def _pins(self, pins: Sequence[Pin]) -> None:
        before, after = set(self._state.pins), set(pins)
        self._rows(END_PINS, [pin for pin in self._state.pins if pin not in after], "order_id kind")
        self._rows(INSERT_PINS, [pin for pin in pins if pin not in before], _names(Pin))

    # What was answered and seen

    def _promises(self, promises: Sequence[NewPromise]) -> None:
        columns = "order_id state due_at not_before depot_id reason"
        lists = {
            "alternates": as_json([promise.alternates for promise in promises]),
            "offers": as_json([promise.offers for promise in promises]),
        }
        self._rows(WRITE_PROMISES, promises, columns, **lists)

    def _rescues(self) -> None:
        rescues = self._decision.rescues
        options = as_json([rescue.options for rescue in rescues])
        columns = "order_id consignment_id cause chosen why"
        self._rows(INSERT_RESCUES, rescues, columns, options=options)

    def _visits(self, statement: LiteralString, visits: Sequence[Visited]) -> None:
        keys = [stop_key(visit) for visit in visits]
        self._rows(statement, visits, _names(Visited), stop_key=keys)

    def _tell(self, told: Sequence[Told]) -> None:
        decision = self._decision
        touched = {promise.order_id for promise in decision.promises}
        touched |= {estimate.order_id for estimate in decision.estimates}
        changes = () if decision.plan is None else decision.plan.changes
        touched |= {one.order_id for one in changes if one.what in {"planned", "dropped"}}
        if touched:
            self._store.execute(TOUCH, self._values | {"order_ids": sorted(touched)})
        self._rows(INSERT_EVENTS, told, "type order_id", data=as_json([t.data for t in told]))

    def _rows(
        self, statement: LiteralString, rows: Sequence[object], names: str, **more: object
    ) -> None:
        """Run a statement with a list for each named column, if there are rows at all."""
        if rows:
            self._store.execute(statement, self._values | columns_of(rows, names.split()) | more)


def stop_key(visit: Visited) -> str:
    """Return what tells a vehicle's stops apart."""
    if visit.order_id is not None:
        return f"order:{visit.order_id}"
    return f"depot:{visit.depot_id}"


def _in_minor(cost: Cost) -> dict[str, int]:
    """Return each part of a cost and its total in the smallest currency unit, each rounded."""
    parts = msgspec.to_builtins(cost) | {"total": cost.total}
    return {
        name: (units + UNITS_PER_MINOR // 2) // UNITS_PER_MINOR for name, units in parts.items()
    }


def _names(kind: type) -> str:
    return " ".join(field.name for field in fields(kind))
