"""What is done about boxes that warm, on a street that is worked out by hand.

Vans drive 10 m/s: a kilometre takes 100 s. A box of the street is of polypropylene with 4 kg of
goods: once out of its zone it spoils 1,556 s later at the lower quantile, 4,339 s at the upper one
(tests/unit/test_dispatch_cold.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.dispatch.cold import cold_of
from routing.dispatch.decision import Rescue
from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import Why, replan
from routing.dispatch.rescue import after, compare, questions, settle
from routing.dispatch.standing import Ways
from routing.dispatch.state import (
    Box,
    BoxForecast,
    City,
    CityState,
    CityVehicle,
    Disruption,
    FailedPlace,
    PlannedStop,
    Shift,
    Visited,
)
from routing.evaluate import evaluate
from routing.plan import UNITS_PER_MINOR
from routing.problem import Place
from routing.travel import Pace, Travel
from routing.travel_places import great_circle
from schemas.delivery_policy import DeliveryPolicy, Tier
from schemas.disruptions import BreakdownDetails, CoolingFailedDetails
from tests.dispatch_streets import (
    AS_PLANNED,
    VAN,
    minute,
    order,
    point,
    position,
    stop,
    street,
    vehicle,
)

PACE = {"van": Pace(speed_kmh=(36.0,), road_factor=1.0)}
CITY = City(
    id="c",
    time_zone="UTC",
    policy=DeliveryPolicy(
        tiers=(Tier(hours=4, levels=("gold",), late_cost_per_min=15, drop_cost=60_000),), areas={}
    ),
)
"""Where a broken promise is dear."""
ALL_DAY = (Shift(from_at=minute(-60), until_at=minute(700), drivers=("a",)),)
COST: dict[str, Any] = {"cost_per_km": 100, "cost_per_h": 3600, "shifts": ALL_DAY}


def travel_of(places: Sequence[Place], disruptions: Sequence[Disruption]) -> Travel:
    del disruptions
    return great_circle(places, PACE)


def ways_of(state: CityState) -> Ways:
    return Ways(travel_of=travel_of, book=AS_PLANNED, cold=cold_of(state, loop=True))


def box(box_id: str, **changes: Any) -> Box:
    plain = Box(
        id=box_id,
        zone="chilled",
        goods_value=20_000,
        packed_at=minute(-30),
        box_material="epp",
        pack_kind="ice",
        pack_kg=1.0,
        product_kg=4.0,
        spoil_cost=30_000,
    )
    return replace(plain, **changes)


def warming(box_id: str, *leaves_min: float | None, now_min: float, **changes: Any) -> Box:
    """Return a box of which the judge warns: it leaves its zone in so many minutes."""
    q10, q50, q90 = (None if m is None else minute(now_min + m) for m in leaves_min)
    told = BoxForecast(
        made_at=minute(now_min),
        leaves_at_q10=q10,
        leaves_at_q50=q50,
        leaves_at_q90=q90,
        chance_within_40_min=0.5,
        at_risk=True,
    )
    return box(box_id, forecast=told, **changes)


def van(vehicle_id: str = VAN, **changes: Any) -> CityVehicle:
    return vehicle(id=vehicle_id, **(COST | changes))


def deliveries(*orders: tuple[str, float], vehicle_id: str = VAN) -> list[PlannedStop]:
    """Return a trip that brings these orders, each at a minute."""
    rows = [stop("load", 0, 0, place=0)]
    rows += [
        stop("deliver", at, at + 3, place=k, order_id=id_) for k, (id_, at) in enumerate(orders, 1)
    ]
    return [replace(row, vehicle_id=vehicle_id) for row in rows]


def asked(state: CityState) -> tuple[Rescue, ...]:
    """Return what is decided of the only question."""
    (question,) = questions(state)
    answer = compare(stand(state, ways_of(state)), ways_of(state), question)
    assert answer is not None
    return answer.rescues


def costs(rescue: Rescue) -> dict[str, int]:
    return {option.action: option.cost for option in rescue.options}


def swapped_to(rescue: Rescue) -> str | None:
    (taker,) = (each.vehicle_id for each in rescue.options if each.action == "swap")
    return taker


def late_one(risk: Box, **changes: Any) -> CityState:
    """Return a van at 6 km, ten minutes on its way: `near` at 8 km, then `far` at 20 km, `back`.

    The box in `back`, at 9 km, is in question; it comes last.
    """
    orders = (order("near", 8000), order("far", 20_000), order("back", 9000, boxes=(risk,)))
    stops = deliveries(("near", 13.3), ("far", 36.3), ("back", 57.6))
    values: dict[str, Any] = {"vehicles": (van(position=position(10, 6000)),)}
    return street(*orders, stops=stops, now_min=10, **(values | changes))


class TestWhichBoxes:
    def test_a_box_that_the_judge_warns_of(self) -> None:
        (question,) = questions(late_one(warming("b", 5, 15, 30, now_min=10)))
        assert (question.cause, question.vehicle_id) == ("forecast", VAN)
        assert [id_ for id_, _ in question.boxes] == ["back"]

    def test_none_where_there_is_no_warning(self) -> None:
        assert questions(late_one(box("b"))) == ()

    def test_none_in_a_compartment_that_cools(self) -> None:
        """Doors let it out of its range; its goods follow the air of the compartment."""
        state = late_one(warming("b", 5, 15, 30, now_min=10))
        cools = van(compartments={"chilled": "v1/c"}, position=position(10, 6000))
        assert questions(replace(state, vehicles=(cools,))) == ()
        insulated = replace(cools, kind="tricycle")
        assert len(questions(replace(state, vehicles=(insulated,)))) == 1

    def test_none_that_is_spoilt_already(self) -> None:
        spoilt = warming("b", 0, 0, 0, now_min=10, has_left_range=True)
        assert questions(late_one(spoilt)) == ()

    def test_all_boxes_of_a_failed_compartment_at_once(self) -> None:
        """The judge found it by the compartment's air; the frozen box is in another one."""
        orders = (
            order("near", 8000, boxes=(box("b1"),)),
            order("far", 20_000, boxes=(box("b2"), box("b3", zone="frozen"))),
        )
        fleet = (van(compartments={"chilled": "van-1/chilled"}, position=position(10, 6000)),)
        state = street(
            *orders,
            stops=deliveries(("near", 13.3), ("far", 36.3)),
            now_min=10,
            vehicles=fleet,
            failed_places=(FailedPlace(place_id="van-1/chilled", since=minute(5)),),
        )
        (question,) = questions(state)
        assert question.cause == "cooling_failed"
        assert [box.id for _, box in question.boxes] == ["b1", "b2"]

    def test_all_boxes_of_a_vehicle_that_stands(self) -> None:
        (question,) = questions(broken_down(van("relay-1", role="relay")))
        assert question.cause == "breakdown"
        assert {id_ for id_, _ in question.boxes} == {"near", "far"}

    def test_not_again_within_ten_minutes(self) -> None:
        state = late_one(warming("b", 5, 15, 30, now_min=10))
        decided = after(state, asked(state))
        assert questions(decided) == ()
        assert questions(replace(decided, now=minute(19.9))) == ()

    def test_again_once_its_chance_is_another(self) -> None:
        """As planned it is there at 57.6 min; kept at a chance of 0, and then it is out at once."""
        state = late_one(warming("b", 300, 350, 400, now_min=10))
        decided = replace(after(state, asked(state)), now=minute(20))
        assert questions(decided) == ()
        sudden = order("back", 9000, boxes=(warming("b", 0, 0, 0, now_min=20, left_at=minute(15)),))
        changed = replace(decided, orders=(*decided.orders[:2], sudden))
        assert len(questions(changed)) == 1

    def test_again_while_nobody_comes_for_what_stands(self) -> None:
        """Though nothing spoils: the van cools on, and the boxes have no pack."""
        two = tuple(
            order(id_, at_m, boxes=(box(f"b-{id_}", pack_kind="none"),))
            for id_, at_m in (("near", 8000), ("far", 12_000))
        )
        state = broken_down(orders=two)
        decided = after(state, asked(state))
        assert {each.chosen for each in decided.rescues} == {"keep"}
        assert questions(replace(decided, now=minute(19.9))) == ()
        (question,) = questions(replace(decided, now=minute(20)))
        assert {id_ for id_, _ in question.boxes} == {"near", "far"}

    def test_not_while_it_is_on_its_way_to_a_meeting(self) -> None:
        state = late_one(warming("b", 5, 15, 30, now_min=10))
        meets = stop("meet", 15, 17, place=1, order_id="back")
        plan = replace(state.plan, stops=(*state.plan.stops, meets))
        assert questions(replace(state, plan=plan)) == ()

    def test_what_waits_for_a_giver_that_broke_down_is_fetched(self) -> None:
        """Once: who stands has no stop of the meeting that is arranged then."""
        state = broken_down(van("relay-1", role="relay"))
        meets = stop("meet", 15, 17, place=1, order_id="far")
        arranged = replace(state.plan, stops=(*state.plan.stops, meets))
        (question,) = questions(replace(state, plan=arranged))
        assert {id_ for id_, _ in question.boxes} == {"near", "far"}
        comes = replace(state.plan, stops=(replace(meets, vehicle_id="relay-1"),))
        (question,) = questions(replace(state, plan=comes))
        assert {id_ for id_, _ in question.boxes} == {"near"}


class TestWhatIsDone:
    def test_it_is_brought_earlier_where_that_costs_less(self) -> None:
        """Out since 5 min, so spoilt from 300 + 1,556 s on: 24,000 over 2,783 s, 518 a minute.

        As planned `near` is reached at 800 s, `far` at 2,180, `back` at 3,460, and two doors of
        30 s count as well: 3,520 - 1,856 = 1,664 s of it are 14,366 fen. Behind `near` it is
        reached at 1,080 s, and loses nothing; `far` at 2,360. The way is as long: 2 + 12 + 11 + 9
        km, or 2 + 1 + 11 + 20. On board, 2 fen a minute: 2,380 s less and 180 s more, 73 fen.
        """
        risk = warming("b", 0, 0, 0, now_min=10, left_at=minute(5))
        (rescue,) = asked(late_one(risk))
        assert rescue.chosen == "bring_forward"
        assert costs(rescue)["bring_forward"] == pytest.approx(-14_366 - 73, abs=2)

    def test_nothing_is_done_where_the_judge_is_not_sure(self) -> None:
        """8,000 over 405 min and 2,783 s: 18 fen a minute, for less than 20 minutes.

        The same box with an interval of half an hour is brought earlier.
        """
        fleet = van(position=position(10, 6000)), van("relay-1", role="relay")
        unsure = warming("b", 5, 180, 410, now_min=10, spoil_cost=10_000)
        (rescue,) = asked(late_one(unsure, vehicles=fleet))
        assert rescue.chosen == "keep"
        assert min(costs(rescue).values()) > -500
        sure = warming("b", 0, 0, 5, now_min=10, spoil_cost=10_000)
        (rescue,) = asked(late_one(sure, vehicles=fleet))
        assert rescue.chosen == "bring_forward"

    def test_what_cannot_be_saved_is_given_up(self) -> None:
        """No relay; its only stop is far: whatever is done, it comes after the interval."""
        risk = warming("b", 0, 0, 0, now_min=10, left_at=minute(-60), spoil_cost=100_000)
        state = street(
            order("far", 40_000, boxes=(risk,)),
            stops=deliveries(("far", 66.7)),
            now_min=10,
            vehicles=(van(position=position(10, 6000)),),
        )
        (rescue,) = asked(state)
        assert rescue.chosen == "accept"
        settled = settle(state, ways_of(state))
        (row,) = stand(settled.state, settled.ways, settled.bound).problem.orders
        assert row.warm_after_s is None

    def test_a_relay_takes_it_to_where_it_keeps_cold(self) -> None:
        """The van's compartment failed at 5 min, with boxes of no pack; the relay's cools.

        The relay starts at the depot, 8 km from where the van goes next: 800 s, within 15 minutes.
        """
        state = failed_compartment(van("relay-1", role="relay", compartments={"chilled": "r/c"}))
        rescues = asked(state)
        assert {rescue.cause for rescue in rescues} == {"cooling_failed"}
        chosen = {rescue.order_id: rescue.chosen for rescue in rescues}
        assert chosen["far"] == "relay"
        bound = settle(state, ways_of(state)).bound
        (transfer,) = bound.transfers
        assert (transfer.giver, transfer.taker) == (VAN, "relay-1")
        assert transfer.meets_at == minute(10) + timedelta(seconds=800)

    def relay_was_out(self, since_min: float, **changes: Any) -> CityState:
        """Return the failed van's state, and a relay that was at a door at 4 km before."""
        relay = van(
            "relay-1", role="relay", compartments={"chilled": "r/c"}, fixed_cost=1000, **changes
        )
        lat_deg, lon_deg = point(4000)
        door = Visited(
            vehicle_id="relay-1",
            order_id="before",
            depot_id=None,
            arrived_at=minute(since_min),
            left_at=minute(since_min + 4),
            source="handover",
            lat_deg=lat_deg,
            lon_deg=lon_deg,
        )
        return replace(failed_compartment(relay), visits=(door,))

    def test_a_relay_on_its_way_home_is_free(self) -> None:
        """It is at 4 km, and the van goes to 8: 400 s, not the 800 s from its depot."""
        state = self.relay_was_out(5, position=position(10, 4000))
        (transfer,) = settle(state, ways_of(state)).bound.transfers
        assert transfer.taker == "relay-1"
        assert transfer.meets_at - minute(10) == pytest.approx(
            timedelta(seconds=400), abs=timedelta(seconds=1)
        )

    def test_a_relay_that_drove_today_costs_only_its_way(self) -> None:
        state = self.relay_was_out(-50)
        (door,) = state.visits
        home = replace(door, order_id=None, depot_id="d1", arrived_at=minute(-30), left_at=None)
        first, later = (asked(replace(state, visits=visits))[0] for visits in ((), (door, home)))
        assert costs(first)["relay"] - costs(later)["relay"] == 1000

    @pytest.mark.parametrize(("next_min", "is_there"), [(20, True), (21, False)])
    def test_a_relay_goes_on_when_its_crews_relieve_each_other(
        self, next_min: float, *, is_there: bool
    ) -> None:
        """The first crew goes at 9:20; the meeting is at 9:23:20."""
        shifts = (
            Shift(from_at=minute(-60), until_at=minute(20), drivers=("a",)),
            Shift(from_at=minute(next_min), until_at=minute(700), drivers=("b",)),
        )
        relay = van("relay-1", role="relay", compartments={"chilled": "r/c"}, shifts=shifts)
        rescues = asked(failed_compartment(relay))
        assert any("relay" in costs(rescue) for rescue in rescues) == is_there

    def test_no_relay_that_needs_more_than_a_quarter_of_an_hour(self) -> None:
        """The van is at 9.2 km and goes to 9.3: 920 s from the depot, and 930."""
        relay = van("relay-1", role="relay", compartments={"chilled": "r/c"})
        rescues = asked(failed_compartment(relay, at_m=9200, next_m=9300))
        assert all("relay" not in costs(rescue) for rescue in rescues)

    def test_a_vehicle_that_fails_too_takes_nothing(self) -> None:
        other = van("relay-1", role="relay", compartments={"chilled": "r/c"})
        state = failed_compartment(other)
        gone = FailedPlace(place_id="r/c", since=minute(0))
        state = replace(state, failed_places=(*state.failed_places, gone))
        assert all("relay" not in costs(rescue) for rescue in asked(state))

    def test_a_colder_vehicle_on_its_way_takes_them(self) -> None:
        """A van with a compartment that cools comes by, with room and an hour of work."""
        state = failed_compartment(
            van(
                "van-2",
                compartments={"chilled": "v2/c"},
                position=position(10, 8500),
            )
        )
        own = order("own", 9000, aboard="van-2")
        stops = (*state.plan.stops, *deliveries(("own", 12), vehicle_id="van-2"))
        state = replace(state, orders=(*state.orders, own), plan=replace(state.plan, stops=stops))
        rescues = asked(state)
        assert "swap" in costs(rescues[0])
        assert {rescue.chosen for rescue in rescues} <= {"swap", "keep", "bring_forward"}
        assert "swap" in {rescue.chosen for rescue in rescues}

    def test_what_stands_is_fetched(self) -> None:
        """A breakdown at 6 km: the relay is there 600 s later."""
        state = broken_down(van("relay-1", role="relay"))
        rescues = asked(state)
        assert {rescue.chosen for rescue in rescues} == {"relay"}
        (transfer,) = settle(state, ways_of(state)).bound.transfers
        assert set(transfer.orders) == {"near", "far"}
        assert transfer.meets_at == minute(20)

    def test_a_relay_that_broke_down_is_not_sent(self) -> None:
        state = broken_down(van("relay-1", role="relay"))
        stands = replace(state.disruptions[0], id="y", vehicle_id="relay-1", from_at=minute(5))
        state = replace(state, disruptions=(*state.disruptions, stands))
        assert {rescue.chosen for rescue in asked(state)} == {"keep"}

    def test_a_relay_that_breaks_down_with_goods_aboard_is_fetched(self) -> None:
        state = broken_down(van("van-2"))
        stands = replace(state.disruptions[0], vehicle_id="relay-1")
        fleet = (van("relay-1", role="relay", position=position(10, 6000)), van("van-2"))
        aboard = tuple(replace(each, aboard="relay-1") for each in state.orders)
        own = order("own", 3000, aboard="van-2")
        stops = deliveries(("own", 14), vehicle_id="van-2")
        state = replace(
            state,
            vehicles=fleet,
            disruptions=(stands,),
            orders=(*aboard, own),
            plan=replace(state.plan, stops=tuple(stops)),
        )
        assert {rescue.chosen for rescue in asked(state)} == {"swap"}

    @pytest.mark.parametrize("changes", [{"mode": "boat"}, {"depot_id": "closed"}])
    def test_a_relay_that_cannot_be_planned_is_not_sent(self, changes: dict[str, str]) -> None:
        state = broken_down(van("relay-1", role="relay", **changes))
        assert {rescue.chosen for rescue in asked(state)} == {"keep"}

    @pytest.mark.parametrize("changes", [{"mode": "boat"}, {"depot_id": "closed"}])
    def test_nothing_is_said_of_a_vehicle_that_cannot_be_planned(
        self, changes: dict[str, str]
    ) -> None:
        state = broken_down()
        state = replace(state, vehicles=(van(**changes),))
        assert settle(state, ways_of(state)).rescues == ()

    def test_what_stands_waits_for_a_relay_however_far(self) -> None:
        """The relay is there in 20 minutes, more than what only warms may wait for."""
        state = broken_down(van("relay-1", role="relay"), at_m=12_000)
        assert {rescue.chosen for rescue in asked(state)} == {"relay"}
        (transfer,) = settle(state, ways_of(state)).bound.transfers
        assert transfer.meets_at == minute(30)

    def test_what_stands_is_fetched_by_a_relay_that_has_other_trips_to_make(self) -> None:
        """It stands in for the vehicle that broke down, and is to bring an order that waits."""
        waits = order("waits", 3000, stage="promised", aboard=None, departed_at=None)
        trip = [
            replace(row, kind=kind, order_id=order_id, vehicle_id="relay-1")
            for row, kind, order_id in (
                (stop("load", 40, 40, place=0), "load", None),
                (stop("deliver", 45, 48, place=1), "deliver", "waits"),
            )
        ]
        state = broken_down(van("relay-1", role="relay"))
        plan = replace(state.plan, stops=(*state.plan.stops, *trip))
        state = replace(state, orders=(*state.orders, waits), plan=plan)
        assert {rescue.chosen for rescue in asked(state)} == {"swap"}
        (transfer,) = settle(state, ways_of(state)).bound.transfers
        assert transfer.taker == "relay-1"

    def test_what_stands_is_shared_where_one_would_come_late(self) -> None:
        """From 6 km it is 40 minutes to 30 km and 43 to -20 km: both are due in an hour."""
        two = tuple(
            order(id_, at_m, due_at=minute(70), boxes=(box(f"b-{id_}"),))
            for id_, at_m in (("north", 30_000), ("south", -20_000))
        )
        tier = Tier(hours=4, levels=("gold",), late_cost_per_min=500, drop_cost=60_000)
        city = replace(CITY, policy=DeliveryPolicy(tiers=(tier,), areas={}))
        fleet = [van(id_, role="relay") for id_ in ("relay-1", "relay-2")]
        state = broken_down(*fleet, orders=two, city=city)
        rescues = asked(state)
        takers = {rescue.order_id: swapped_to(rescue) for rescue in rescues}
        assert set(takers.values()) == {"relay-1", "relay-2"}
        transfers = settle(state, ways_of(state)).bound.transfers
        assert {each.orders: each.taker for each in transfers} == {
            (order_id,): taker for order_id, taker in takers.items()
        }
        assert {each.meets_at for each in transfers} == {minute(20)}
        alone = costs(rescues[0])["relay"] - costs(rescues[0])["swap"]
        assert alone > 0

    def test_one_fetches_all_where_nobody_would_come_late(self) -> None:
        fleet = [van(id_, role="relay") for id_ in ("relay-1", "relay-2")]
        (transfer,) = settle(broken_down(*fleet), ways_of(broken_down(*fleet))).bound.transfers
        assert set(transfer.orders) == {"near", "far"}

    def test_the_sentence_says_all(self) -> None:
        risk = warming("b", 0, 0, 0, now_min=10, left_at=minute(5))
        (rescue,) = asked(late_one(risk))
        assert "brought earlier" in rescue.why
        assert "accept +" in rescue.why


def failed_compartment(
    other: CityVehicle, *, at_m: float = 6000, next_m: float = 8000, worth: int = 60_000
) -> CityState:
    """Return a van at 6 km with two boxes without packs, whose compartment failed at 5 min."""
    bare: dict[str, Any] = {"pack_kind": "none", "pack_kg": 0.0}
    orders = (
        order("near", next_m, boxes=(box("b1", **bare),)),
        order("far", 40_000, boxes=(box("b2", spoil_cost=worth, **bare),)),
    )
    return street(
        *orders,
        stops=deliveries(("near", 13.3), ("far", 69.7)),
        now_min=10,
        vehicles=(van(compartments={"chilled": "v1/c"}, position=position(10, at_m)), other),
        disruptions=(cooling_failed(),),
        city=CITY,
    )


def cooling_failed() -> Disruption:
    return Disruption(
        id="x",
        kind="cooling_failed",
        vehicle_id=VAN,
        details=CoolingFailedDetails(zone="chilled"),
        from_at=minute(5),
        until_at=None,
        recorded_at=minute(6),
    )


def broken_down(*others: CityVehicle, at_m: float = 6000, **changes: Any) -> CityState:
    lat_deg, lon_deg = point(at_m)
    broke = Disruption(
        id="x",
        kind="breakdown",
        vehicle_id=VAN,
        details=BreakdownDetails(lat_deg=lat_deg, lon_deg=lon_deg),
        from_at=minute(9),
        until_at=None,
        recorded_at=minute(9),
    )
    orders = (
        order("near", 8000, boxes=(box("b1"),)),
        order("far", 12_000, boxes=(box("b2"),)),
    )
    state = street(
        *orders,
        stops=deliveries(("near", 13.3), ("far", 23)),
        now_min=10,
        vehicles=(van(position=position(10, at_m)), *others),
        disruptions=(broke,),
    )
    return replace(state, **changes)


class TestTheNextPlan:
    """What was chosen is part of every plan from then on."""

    def planned(self, state: CityState) -> CityState:
        """Return the state once a look has decided and written its plan."""
        settled = settle(state, ways_of(state))
        standing = stand(settled.state, settled.ways, settled.bound)
        plan = replan(standing, Why(reason="at_risk"), seed=1, iterations=50)
        assert plan is not None
        living = replace(state.plan, version=plan.base + 1, stops=plan.stops)
        return replace(after(state, settled.rescues), plan=living, now=minute(11))

    def test_both_vehicles_meet_and_the_taker_brings_it(self) -> None:
        cold = van("relay-1", role="relay", compartments={"chilled": "r/c"})
        state = self.planned(failed_compartment(cold))
        meets = {(s.vehicle_id, s.order_id) for s in state.plan.stops if s.kind == "meet"}
        assert (VAN, "far") in meets
        assert ("relay-1", "far") in meets
        brings = {s.order_id: s.vehicle_id for s in state.plan.stops if s.kind == "deliver"}
        assert brings["far"] == "relay-1"

    def test_the_meeting_holds_in_the_plan_after_it(self) -> None:
        cold = van("relay-1", role="relay", compartments={"chilled": "r/c"})
        state = self.planned(failed_compartment(cold))
        assert "far" not in {id_ for q in questions(state) for id_, _ in q.boxes}
        standing = stand(state, ways_of(state))
        aboard = {v.id: v.current.aboard for v in standing.problem.vehicles if v.current}
        assert "far" in aboard["relay-1"]
        assert "far" not in aboard[VAN]

    def test_what_was_handed_over_is_not_handed_back(self) -> None:
        """Both vehicles' rows of the meeting stand until the next plan is written."""
        cold = van("relay-1", role="relay", compartments={"chilled": "r/c"})
        state = self.planned(failed_compartment(cold))
        handed = tuple(
            replace(each, aboard="relay-1") if each.id == "far" else each for each in state.orders
        )
        standing = stand(replace(state, orders=handed, now=minute(26)), ways_of(state))
        assert standing.transfers == ()
        aboard = {v.id: v.current.aboard for v in standing.problem.vehicles if v.current}
        assert "far" in aboard["relay-1"]

    def test_what_is_hurried_comes_first(self) -> None:
        state = self.planned(late_one(warming("b", 0, 0, 0, now_min=10, left_at=minute(5))))
        arrives = {s.order_id: s.arrives_at for s in state.plan.stops if s.kind == "deliver"}
        assert arrives["back"] < arrives["far"]

    def test_what_goes_back_is_not_asked_about_again(self) -> None:
        """Though its chance is another, and another of its boxes warms."""
        city = replace(CITY, policy=DeliveryPolicy(tiers=(), areas={}))
        fails = failed_compartment(van("van-2", shifts=()), worth=900_000)
        state = replace(self.planned(replace(fails, city=city)), now=minute(25))
        risk = warming("b9", 5, 15, 30, now_min=25, zone="ambient")
        orders = [replace(each, boxes=(*each.boxes, risk)) for each in state.orders]
        state = replace(state, orders=tuple(orders))
        back = {r.order_id for r in state.rescues if r.chosen == "return"}
        assert back
        assert back.isdisjoint(each.id for q in questions(state) for each in q.orders)

    def test_what_goes_back_is_not_brought(self) -> None:
        """Where goods are worth far more than a promise, a box without a pack goes home."""
        city = replace(CITY, policy=DeliveryPolicy(tiers=(), areas={}))
        fails = failed_compartment(van("van-2", shifts=()), worth=900_000)
        state = self.planned(replace(fails, city=city))
        assert {r.chosen for r in state.rescues} >= {"return"}
        gone = {r.order_id for r in state.rescues if r.chosen == "return"}
        assert gone.isdisjoint(s.order_id for s in state.plan.stops if s.kind == "deliver")


# Properties ---------------------------------------------------------------------------------------

kilometres = st.integers(1, 30)
leaving = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300)).map(sorted)


@settings(max_examples=60, deadline=None)
@given(st.lists(kilometres, min_size=1, max_size=5), st.integers(0, 4), leaving, st.booleans())
def test_what_is_chosen_costs_no_more_than_keeping(
    kms: list[int], which: int, leaves_min: list[int], with_relay: bool
) -> None:
    """And where it is brought earlier, the evaluator says the same of the whole plan."""
    orders = [order(f"o{k}", km * 1000) for k, km in enumerate(kms)]
    k = which % len(orders)
    orders[k] = replace(orders[k], boxes=(warming("b", *leaves_min, now_min=10),))
    stops = deliveries(*((f"o{k}", 20.0 + 30 * k) for k in range(len(kms))))
    fleet = [van(position=position(10, 500)), van("relay-1", role="relay")]
    state = street(
        *orders, stops=stops, now_min=10, vehicles=tuple(fleet[: 1 + with_relay]), city=CITY
    )
    ways = ways_of(state)
    standing = stand(state, ways)
    (question,) = questions(state)
    answer = compare(standing, ways, question)
    assert answer is not None
    (rescue,) = answer.rescues
    assert costs(rescue)["keep"] == 0
    assert costs(rescue)[rescue.chosen] <= 0
    assert min(costs(rescue).values()) >= costs(rescue)[rescue.chosen] - 500
    if answer.start is not None:
        before, now = (
            evaluate(standing.problem, d).cost.total for d in (standing.start, answer.start)
        )
        assert costs(rescue)["bring_forward"] == round((now - before) / UNITS_PER_MINOR)
