"""A simulated day, without any process around it."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from frostline.day.boxes import BoxPlan, PackingRule, draw_boxes, for_cooled, packs_for
from frostline.day.by_hand import Greedy, nearest_depots, run_by_hand
from frostline.day.fleet import REST_S
from frostline.day.goods import class_of
from frostline.day.happenings import BoxPacked, Handover, Happening, Instruction, Reported
from frostline.day.scenarios import SCENARIOS, Scenario, varied
from frostline.day.traffic import Streets
from frostline.day.truth import World
from frostline.day.weather import outside_c, spell_at
from routing.roads.made_up import made_up_streets
from routing.roads.network import Network

ORDERS = 24
CALM = replace(SCENARIOS["normal"], breakdowns=0, delays=0, closed_roads=0, fleet_percent=300)
EVENING = replace(SCENARIOS["night"], reefer_failures=2, spells=SCENARIOS["heat-wave"].spells)


@pytest.fixture(scope="module")
def network() -> Network:
    return made_up_streets(5)


def world_of(network: Network, scenario: Scenario = CALM, seed: int = 5) -> World:
    return World(seed, ORDERS, scenario, network)


def test_two_worlds_of_a_seed_are_the_same_day(network: Network) -> None:
    one, other = world_of(network, EVENING), world_of(network, EVENING)

    assert one.orders == other.orders
    assert one.city_setup() == other.city_setup()
    assert run_by_hand(one, Greedy()) == run_by_hand(other, Greedy())
    assert one.truth() == other.truth()


def test_another_seed_is_another_day(network: Network) -> None:
    assert world_of(network).orders != world_of(network, seed=6).orders


def test_weather_and_failures_leave_the_orders_as_they_are(network: Network) -> None:
    calm = world_of(network)
    hot = world_of(network, replace(SCENARIOS["heat-wave"], fleet_percent=300))

    assert [(o.id, o.placed_s, o.home) for o in calm.ordered] == [
        (o.id, o.placed_s, o.home) for o in hot.ordered
    ]
    assert len(hot.incidents.failures) == 2
    assert not calm.incidents.failures


def test_what_is_left_alone_stays_where_it_is(network: Network) -> None:
    world = world_of(network)
    assert world.advance(12 * 3600.0) == ()

    assert {fix.speed_m_s for fix in world.fixes()} == {0.0}
    assert sum(use.busy_s for use in world.use()) == 0.0


def run_one(world: World) -> list[Happening]:
    """Let one van bring one order: promised, planned at once, watched for three hours."""
    ordered = next(o for o in world.ordered if o.window_s is None and o.wish == "fastest")
    van = next(v for v in world.fleet if v.model.kind == "van" and v.shifts[0].from_s < 36_000)
    start_s = max(float(ordered.placed_s), van.shifts[0].from_s + 60.0)
    happened = list(world.advance(start_s))
    world.promised(ordered.id, van.depot_id)
    world.set_plan(
        {
            van.id: [
                Instruction(
                    trip=1,
                    kind="load",
                    arrives_s=start_s,
                    leaves_s=start_s + 1200,
                    depot_id=van.depot_id,
                ),
                Instruction(
                    trip=1,
                    kind="deliver",
                    arrives_s=start_s + 2400,
                    leaves_s=start_s + 2700,
                    order_id=ordered.id,
                ),
            ]
        }
    )
    return happened + list(world.advance(start_s + 3 * 3600.0))


def test_an_order_is_packed_loaded_driven_and_signed(network: Network) -> None:
    world = world_of(network)
    happened = run_one(world)
    steps = [each.step for each in happened if isinstance(each, Handover)]

    assert list(dict.fromkeys(steps)) == ["packed", "loaded", "departed", "arrived", "signed"]
    assert any(isinstance(each, BoxPacked) for each in happened)
    times = [each.at_s for each in happened]
    assert times == sorted(times)
    assert [use.deliveries for use in world.use() if use.deliveries] == [1]


def test_nobody_leaves_before_the_plan_says(network: Network) -> None:
    happened = run_one(world_of(network))
    departed = [e for e in happened if isinstance(e, Handover) and e.step == "departed"]
    packed = [e for e in happened if isinstance(e, Handover) and e.step == "packed"]

    assert departed[0].at_s >= packed[0].at_s + 60


def test_small_steps_and_large_ones_are_the_same_day(network: Network) -> None:
    one, other = world_of(network), world_of(network)
    for each, step_s in ((one, 15.0), (other, 1800.0)):
        while each.now_s < each.begins_s + 3600:
            each.advance(each.now_s + step_s)

    assert [now.case_c for now in one.loggers()] == [now.case_c for now in other.loggers()]


def test_a_box_is_heard_by_its_depot_then_by_its_van_then_by_nobody(network: Network) -> None:
    world = world_of(network)
    ordered = next(o for o in world.ordered if o.wish == "fastest")
    depot = nearest_depots(world, ordered)[0]
    world.advance(float(ordered.placed_s))
    before = len(world.loggers())
    world.promised(ordered.id, depot)
    world.advance(world.now_s + 3600.0)
    heard = [now.gateway_id for now in world.loggers()]

    assert len(heard) == before + len(ordered.kg)
    assert heard[: len(ordered.kg)] == [world.gateway_of(depot)] * len(ordered.kg)

    world.called_off(ordered.id)
    assert len(world.loggers()) == before


def test_two_vehicles_hand_a_box_over(network: Network) -> None:
    world = world_of(network)
    ordered = next(o for o in world.ordered if o.window_s is None and o.wish == "fastest")
    vans = [v for v in world.fleet if v.model.kind == "van"]
    giver = next(v for v in vans if v.role == "regular")
    taker = next(v for v in vans if v.role == "relay")
    start_s = max(float(ordered.placed_s), giver.shifts[0].from_s + 60.0)
    world.advance(start_s)
    world.promised(ordered.id, giver.depot_id)
    home = ordered.home
    load = Instruction(
        trip=1, kind="load", arrives_s=start_s, leaves_s=start_s, depot_id=giver.depot_id
    )
    brings = Instruction(
        trip=1, kind="deliver", arrives_s=start_s, leaves_s=start_s, order_id=ordered.id
    )
    meets = Instruction(
        trip=1,
        kind="meet",
        arrives_s=start_s,
        leaves_s=start_s,
        order_id=ordered.id,
        lat_deg=home.lat_deg,
        lon_deg=home.lon_deg,
    )
    world.set_plan({giver.id: [load, meets, brings], taker.id: [meets, brings]})
    steps: list[Handover] = []
    while world.now_s < start_s + 4 * 3600 and "signed" not in {e.step for e in steps}:
        steps += [e for e in world.advance(world.now_s + 60.0) if isinstance(e, Handover)]

    loaded = [e.vehicle_id for e in steps if e.step == "loaded"]
    assert list(dict.fromkeys(loaded)) == [giver.id, taker.id]
    assert [e.vehicle_id for e in steps if e.step == "signed"] == [taker.id]


def test_a_breakdown_is_told_after_a_while_and_a_failed_unit_by_nobody(network: Network) -> None:
    scenario = replace(EVENING, breakdowns=3, closed_roads=1)
    world = World(5, 60, scenario, network)
    told: list[Reported] = []
    run = Greedy()
    waiting = list(world.ordered)
    while world.now_s < world.ends_s:
        while waiting and waiting[0].placed_s <= world.now_s:
            ordered = waiting.pop(0)
            world.promised(ordered.id, nearest_depots(world, ordered)[0])
        plans = run.look(world)
        if plans is not None:
            world.set_plan(plans)
        told += [e for e in world.advance(world.now_s + 60.0) if isinstance(e, Reported)]
    kinds = Counter(str(each.body["kind"]) for each in told)

    assert kinds["weather"] == 1
    assert kinds["road_closed"] == 1
    assert kinds["breakdown"] >= 1
    assert "cooling_failed" not in kinds


def test_closed_roads_are_driven_around(network: Network) -> None:
    world = world_of(network)
    streets = Streets(world.city, CALM, seed=5)
    origin, there = world.city.depots[0].spot.node, world.city.depots[1].spot.node
    usual = streets.drive("van", origin, there)
    middle = usual.nodes[len(usual.nodes) // 2]
    lat_deg, lon_deg = float(world.city.lat_deg[middle]), float(world.city.lon_deg[middle])
    streets.close(streets.edges_near(lat_deg, lon_deg, 150))
    around = streets.drive("van", origin, there)

    assert middle in usual.nodes
    assert middle not in around.nodes
    assert sum(around.free_s) >= sum(usual.free_s)
    assert streets.seconds(usual, "van", 36_000.0, 1.0)[-1] > 36_000.0


def test_truth_lies_around_what_is_believed(network: Network) -> None:
    """Over many drives the mean ratio is near 1, and single ones differ."""
    world = world_of(network)
    streets = Streets(world.city, CALM, seed=5)
    nodes = [home.node for home in world.city.homes]
    ratios = []
    for origin, there in pairwise(nodes):
        drive = streets.drive("van", origin, there)
        if sum(drive.free_s) > 300:
            # At three at night there is no traffic to add: what is believed are free roads.
            taken_s = streets.seconds(drive, "van", 3 * 3600.0, 1.0)[-1] - 3 * 3600.0
            ratios.append(taken_s / sum(drive.free_s))

    assert 0.85 < sum(ratios) / len(ratios) < 1.15
    assert max(ratios) - min(ratios) > 0.05


def test_it_is_coldest_at_five_and_warmest_at_three() -> None:
    hot = SCENARIOS["heat-wave"]

    assert outside_c(hot, 15 * 3600) == pytest.approx(40.0)
    assert outside_c(hot, 5 * 3600) == pytest.approx(30.0)
    assert outside_c(hot, 10 * 3600) == pytest.approx(35.0)  # half way up


def test_a_storm_begins_and_ends() -> None:
    storm = SCENARIOS["storm"]

    assert spell_at(storm, 15 * 3600 - 1) is None
    assert spell_at(storm, 15 * 3600) is not None
    assert spell_at(storm, 18 * 3600 + 1800) is None


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_rest_ends_within_its_shift(network: Network, name: str) -> None:
    """Also those of the short shifts that a late beginning leaves to two drivers of a relay."""
    for vehicle in World(1, 100, SCENARIOS[name], network).fleet:
        for shift in vehicle.shifts:
            earliest_s, latest_s = shift.rest_s
            assert shift.from_s < earliest_s <= latest_s <= shift.until_s - REST_S


def test_units_fail_within_the_hours_that_a_scenario_names(network: Network) -> None:
    """By every seed, and in a van that is at work then."""
    piece = SCENARIOS["hot-hour"]
    assert piece.failing_s is not None
    begin_s, end_s = piece.failing_s
    for seed in range(8):
        world = World(seed, 30, piece, network)
        vehicles = {vehicle.id: vehicle for vehicle in world.fleet}
        assert len(world.incidents.failures) == 2
        for failure in world.incidents.failures:
            assert begin_s <= failure.at_s <= end_s
            shifts = vehicles[failure.vehicle_id].shifts
            assert any(shift.from_s <= failure.at_s <= shift.until_s for shift in shifts)


def test_packs_are_chosen_for_the_walls_heat() -> None:
    # 1 W/K from 3 °C to 30 °C are 27 W; 5,400 s of them 145.8 kJ; 250 g of ice 83.75 kJ: two.
    assert packs_for("chilled", wall_w_per_k=1.0) == 2
    assert packs_for("chilled", wall_w_per_k=1.0, hold_percent=200) == 4


def test_fish_gets_ice_for_colder_goods() -> None:
    # 1.1 W/K from 1 °C to 30 °C for 5,400 s: 172.3 kJ, over two packs' 167.5; from 3 °C: 160.4.
    assert packs_for("chilled", "fresh-fish", wall_w_per_k=1.1) == 3
    assert packs_for("chilled", wall_w_per_k=1.1) == 2


def test_a_class_is_drawn_by_its_share() -> None:
    # Fish has 15 %, meat 25, leaves 20; ice cream 30, or half as much again on a hot day.
    drawn = [class_of("chilled", luck) for luck in (0.149, 0.151, 0.399, 0.401, 0.599, 0.601)]
    assert drawn == [
        "fresh-fish",
        "fresh-meat",
        "fresh-meat",
        "leafy-vegetables",
        "leafy-vegetables",
        None,
    ]
    assert [class_of("frozen", luck) for luck in (0.299, 0.301)] == ["ice-cream", None]
    assert class_of("frozen", 0.449, ice_cream_percent=150) == "ice-cream"
    assert class_of("ambient", 0.0) is None


def test_the_api_is_told_what_the_goods_are(network: Network) -> None:
    world = world_of(network)
    told = {
        (order.order_id, each["zone"]): each.get("product_class")
        for order in world.orders
        for each in order.body["consignments"]
    }

    assert told == {
        (o.id, zone): product_class
        for o in world.ordered
        for zone, product_class in o.product_class.items()
    }
    assert len({product_class for product_class in told.values() if product_class}) >= 3


def test_heat_makes_ice_cream_of_other_frozen_goods_alone(network: Network) -> None:
    mild = World(5, 200, CALM, network)
    hot = World(5, 200, replace(CALM, ice_cream_percent=150), network)
    pairs = [
        (before, now)
        for one, other in zip(mild.ordered, hot.ordered, strict=True)
        for before, now in zip(
            one.product_class.values(), other.product_class.values(), strict=True
        )
    ]

    changed = Counter(pair for pair in pairs if pair[0] != pair[1])
    assert set(changed) == {(None, "ice-cream")}


def test_in_a_van_that_cools_goods_ride_in_crates_but_fish_keeps_its_ice() -> None:
    fish = BoxPlan(zone="chilled", product_class="fresh-fish", product_kg=4.0)
    meat = BoxPlan(zone="chilled", product_class="fresh-meat", product_kg=4.0)
    frozen = BoxPlan(zone="frozen", product_class=None, product_kg=4.0)
    ambient = BoxPlan(zone="ambient", product_class=None, product_kg=4.0)
    plans = [fish, meat, frozen, ambient]
    _, _, packed = draw_boxes(plans, PackingRule(), seed=1)

    for plan, box in zip(plans[1:3], packed[1:3], strict=True):
        bare = for_cooled(plan, box, PackingRule())
        assert (bare.pack_kind, bare.pack_kg, bare.box_material) == ("none", 0.0, None)
        assert bare.goods_c == box.goods_c
        # 0.73 m² at 6 kg, by the mass to the 2/3; two surfaces of 0.13 m² K/W.
        assert bare.wall_w_per_k == pytest.approx(0.73 * (4 / 6) ** (2 / 3) / 0.26, rel=0.02)
        # When snow asks for a pack more, nobody rides without any.
        assert for_cooled(plan, box, PackingRule(extra_packs=1)) == box
    assert for_cooled(fish, packed[0], PackingRule()) == packed[0]
    assert for_cooled(ambient, packed[3], PackingRule()) == packed[3]


def test_the_packing_bench_sees_the_plan(network: Network) -> None:
    """Without a plan, for a tricycle, or for a dead van there is ice in every chilled box."""
    told = Counter[tuple[str, str]]()
    for kind, has_failed in (("van", False), ("van", True), ("tricycle", False), (None, False)):
        world = world_of(network)
        ordered = next(
            o for o in world.ordered if o.product_class.get("chilled", "") in {None, "fresh-meat"}
        )
        vehicle = next((v for v in world.fleet if v.model.kind == kind), None)
        world.advance(float(ordered.placed_s))
        depot_id = vehicle.depot_id if vehicle else "depot-1"
        if vehicle is not None:
            deliver = Instruction(
                trip=1, kind="deliver", arrives_s=0, leaves_s=0, order_id=ordered.id
            )
            failed = {(vehicle.id, "chilled")} if has_failed else set()
            world.set_plan({vehicle.id: [deliver]}, failed)
        world.promised(ordered.id, depot_id)
        for each in world.advance(ordered.placed_s + 3600.0):
            if isinstance(each, BoxPacked) and each.consignment_id.endswith("chilled"):
                told[f"{kind}, failed" if has_failed else str(kind), each.pack_kind] += 1

    assert told == {
        ("van", "none"): 1,
        ("van, failed", "ice"): 1,
        ("tricycle", "ice"): 1,
        ("None", "ice"): 1,
    }


def test_goods_are_packed_as_cold_as_their_policy_asks_for() -> None:
    # 1 and 2 °C, sd 0.5, cut at 1.5 and 1.8 of it: fish 0.25 to 1.9 °C, meat 1.25 to 2.9.
    plans = [
        BoxPlan(zone="chilled", product_class=product_class, product_kg=4.0)
        for product_class in ["fresh-fish"] * 100 + ["fresh-meat"] * 100
    ]
    _, _, packed = draw_boxes(plans, PackingRule(), seed=1)
    goods_c = [box.goods_c for box in packed]

    assert 0.25 <= min(goods_c[:100]) < max(goods_c[:100]) <= 1.9
    assert 1.25 <= min(goods_c[100:]) < max(goods_c[100:]) <= 2.9


# Other numbers -----------------------------------------------------------------------------------


def test_a_scenario_is_varied_by_its_numbers_alone():
    hotter = varied(SCENARIOS["heat-wave"], {"high_c": 40, "reefer_failures": 3})
    assert (hotter.high_c, hotter.reefer_failures) == (40, 3)
    assert hotter.low_c == SCENARIOS["heat-wave"].low_c
    for wrong in ({"sentence": 1}, {"weather": 1}, {"reefer_failures": 1.5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            varied(SCENARIOS["heat-wave"], wrong)
