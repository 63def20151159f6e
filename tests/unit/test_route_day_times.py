"""When a vehicle leaves, arrives, waits and rests. On the street a kilometre takes 100 s."""

from routing.evaluate import evaluate
from routing.plan import Route, Stop, Tour, Trip, Visit
from routing.problem import Break, Depot, Locker, Problem
from tests.routing_street import EIGHT, draft, order, street, tour, van


def route_of(problem: Problem, *tours: Tour) -> Route:
    return evaluate(problem, draft(*tours)).routes[0]


def times(stop: Stop) -> tuple[int, int, int]:
    return stop.arrives_s, stop.starts_s, stop.leaves_s


def reasons(problem: Problem, *tours: Tour) -> list[str]:
    return [violation.reason for violation in evaluate(problem, draft(*tours)).violations]


def test_a_trip_goes_from_door_to_door_and_home() -> None:
    """8:00 + 200 s at km 2, 60 s there, 300 s to km 5, 90 s there, 500 s home: 10 km."""
    problem = street(order(0, 2, service_s=60), order(1, 5, service_s=90))
    [trip] = route_of(problem, tour(0, 1)).trips
    assert (trip.departs_s, trip.ends_s, trip.distance_m) == (EIGHT, EIGHT + 1150, 10_000)
    assert [times(stop) for stop in trip.stops] == [
        (EIGHT + 200, EIGHT + 200, EIGHT + 260),
        (EIGHT + 560, EIGHT + 560, EIGHT + 650),
    ]


def test_a_vehicle_without_return_ends_at_its_last_door() -> None:
    """Km 2 and 60 s there: no way home is driven."""
    problem = street(order(0, 2, service_s=60), vehicles=(van(returns=False),))
    [trip] = route_of(problem, tour(0)).trips
    assert (trip.ends_s, trip.distance_m) == (EIGHT + 260, 2000)


def test_nothing_starts_before_now() -> None:
    [trip] = route_of(street(order(0, 2), now_s=EIGHT + 7), tour(0)).trips
    assert trip.departs_s == EIGHT + 7


def test_nothing_starts_before_the_shift() -> None:
    [trip] = route_of(street(order(0, 2), now_s=EIGHT - 7), tour(0)).trips
    assert trip.departs_s == EIGHT


def test_a_trip_leaves_when_its_last_order_is_picked() -> None:
    """Ready at 8:10 and 8:20, and 5 minutes of picking: 8:25, whatever is delivered first."""
    depots = (Depot(id="depot", place="km0", picking_s=300),)
    orders = order(0, 2, ready_s=EIGHT + 1200), order(1, 1, ready_s=EIGHT + 600)
    for visits in ((0, 1), (1, 0)):
        [trip] = route_of(street(*orders, depots=depots), tour(*visits)).trips
        assert trip.departs_s == EIGHT + 1500


def test_a_tour_says_when_it_may_leave_at_the_earliest() -> None:
    problem = street(order(0, 2, ready_s=EIGHT + 100))
    assert route_of(problem, tour(0, not_before_s=EIGHT + 99)).trips[0].departs_s == EIGHT + 100
    assert route_of(problem, tour(0, not_before_s=EIGHT + 101)).trips[0].departs_s == EIGHT + 101


def test_the_wait_for_a_first_door_is_spent_at_the_depot() -> None:
    """The door at km 2 opens at 8:10, 200 s away: departure at 400 s, not 400 s aboard."""
    problem = street(order(0, 2, not_before_s=EIGHT + 600))
    [trip] = route_of(problem, tour(0)).trips
    assert trip.departs_s == EIGHT + 400
    assert times(trip.stops[0]) == (EIGHT + 600, EIGHT + 600, EIGHT + 600)
    assert trip.stops[0].exposure_s == 200


def test_the_wait_for_a_later_door_is_spent_before_it() -> None:
    """Km 2 at 200 s, km 3 at 300 s: the second door opens at 600 s."""
    problem = street(order(0, 2), order(1, 3, not_before_s=EIGHT + 600))
    [trip] = route_of(problem, tour(0, 1)).trips
    assert trip.departs_s == EIGHT
    assert times(trip.stops[1]) == (EIGHT + 300, EIGHT + 600, EIGHT + 600)
    assert trip.stops[1].exposure_s == 600


def test_a_locker_has_its_own_place_and_service() -> None:
    """Door at km 5 with 300 s of service; locker at km 1 with 30 s."""
    problem = street(order(0, 5, service_s=300, locker=Locker(place="km1", service_s=30)))
    [[trip]] = [route.trips for route in evaluate(problem, ((_locker_tour(),),)).routes]
    assert times(trip.stops[0]) == (EIGHT + 100, EIGHT + 100, EIGHT + 130)
    assert trip.stops[0].to_locker
    assert trip.distance_m == 2000
    assert times(route_of(problem, tour(0)).trips[0].stops[0]) == (
        EIGHT + 500,
        EIGHT + 500,
        EIGHT + 800,
    )


def _locker_tour() -> Tour:
    return tour(0)._replace(visits=(Visit(0, to_locker=True),))


def test_between_two_trips_passes_the_reload() -> None:
    """First trip 400 s; 300 s of reload; the second leaves at 700 s. No reload before the first."""
    problem = street(order(0, 2), order(1, 1), vehicles=(van(max_trips=2, reload_s=300),))
    trips = route_of(problem, tour(0), tour(1)).trips
    assert [(trip.departs_s, trip.ends_s) for trip in trips] == [
        (EIGHT, EIGHT + 400),
        (EIGHT + 700, EIGHT + 900),
    ]


def test_each_trip_has_its_own_exposure() -> None:
    """The second trip's order has been aboard for its own 100 s only, and no door before."""
    vehicle = van(max_trips=2, door_s=50)
    problem = street(order(0, 2), order(1, 1), vehicles=(vehicle,))
    trips: tuple[Trip, ...] = route_of(problem, tour(0), tour(1)).trips
    assert trips[1].stops[0].exposure_s == 100


def test_an_empty_tour_is_no_trip() -> None:
    problem = street(order(0, 2), vehicles=(van(max_trips=1, reload_s=300),))
    trips = route_of(problem, tour(), tour(0), tour()).trips
    assert [trip.departs_s for trip in trips] == [EIGHT]


# Breaks: of half an hour, in a window that says when they begin.


def lunch(earliest_s: int, latest_s: int = EIGHT + 36_000) -> Break:
    return Break(earliest_s=EIGHT + earliest_s, latest_s=latest_s, duration_s=1800)


def test_a_break_that_is_open_is_taken_before_the_departure() -> None:
    """Free at 8:00, picked at 8:10; the break opens at 8:05 and ends at 8:35."""
    problem = street(order(0, 2, ready_s=EIGHT + 600), vehicles=(van(breaks=(lunch(300),)),))
    route = route_of(problem, tour(0))
    assert route.breaks_s == (EIGHT + 300,)
    assert route.trips[0].departs_s == EIGHT + 2100


def test_a_break_that_ends_while_orders_are_picked_costs_nothing() -> None:
    """Picked at 9:00; the break is over at 8:30."""
    problem = street(order(0, 2, ready_s=EIGHT + 3600), vehicles=(van(breaks=(lunch(0),)),))
    assert route_of(problem, tour(0)).trips[0].departs_s == EIGHT + 3600


def test_a_break_fits_into_the_wait_at_the_depot_for_a_first_door() -> None:
    """The door at km 2 opens at 9:00: departure at 3400 s, after a break from 600 to 2400 s."""
    problem = street(order(0, 2, not_before_s=EIGHT + 3600), vehicles=(van(breaks=(lunch(600),)),))
    route = route_of(problem, tour(0))
    assert (route.breaks_s, route.trips[0].departs_s) == ((EIGHT + 600,), EIGHT + 3400)


def test_a_break_is_taken_after_the_first_stop_at_which_it_is_open() -> None:
    """Stops leave at 200 and 300 s. Open from 300 s on: after the second, home 300 s after it."""
    problem = street(order(0, 2), order(1, 3), vehicles=(van(breaks=(lunch(300),)),))
    route = route_of(problem, tour(0, 1))
    assert route.breaks_s == (EIGHT + 300,)
    assert route.trips[0].ends_s == EIGHT + 300 + 1800 + 300


def test_a_break_waits_for_no_stop_that_is_a_second_too_early() -> None:
    """Open from 201 s on, and the first stop leaves at 200 s: after the second."""
    problem = street(order(0, 2), order(1, 3), vehicles=(van(breaks=(lunch(201),)),))
    assert route_of(problem, tour(0, 1)).breaks_s == (EIGHT + 300,)


def test_a_break_that_fits_into_a_wait_is_taken_there() -> None:
    """At the second door from 300 s on, open at 2100 s: just 1800 s."""
    problem = street(
        order(0, 2), order(1, 3, not_before_s=EIGHT + 2100), vehicles=(van(breaks=(lunch(250),)),)
    )
    route = route_of(problem, tour(0, 1))
    assert route.breaks_s == (EIGHT + 300,)
    assert route.trips[0].stops[1].starts_s == EIGHT + 2100


def test_a_break_that_does_not_fit_into_a_wait_comes_after_the_stop() -> None:
    """The same door opens a second earlier: served at 2099 s, and then the break."""
    problem = street(
        order(0, 2), order(1, 3, not_before_s=EIGHT + 2099), vehicles=(van(breaks=(lunch(250),)),)
    )
    route = route_of(problem, tour(0, 1))
    assert route.trips[0].stops[1].starts_s == EIGHT + 2099
    assert route.breaks_s == (EIGHT + 2099,)


def test_two_breaks_are_taken_in_their_order() -> None:
    """First 300 to 2100 s; the second is open from 1000 s on, so at once after it."""
    breaks = (lunch(300), lunch(1000))
    problem = street(order(0, 3), vehicles=(van(breaks=breaks),))
    assert route_of(problem, tour(0)).breaks_s == (EIGHT + 300, EIGHT + 2100)


def test_a_break_may_begin_at_the_end_of_its_window() -> None:
    """The stop leaves at 300 s, the window is 100 to 300 s."""
    problem = street(order(0, 3), vehicles=(van(breaks=(lunch(100, EIGHT + 300),)),))
    assert reasons(problem, tour(0)) == []


def test_a_break_begins_no_later_than_its_window() -> None:
    problem = street(order(0, 3), vehicles=(van(breaks=(lunch(100, EIGHT + 299),)),))
    assert reasons(problem, tour(0)) == ["break"]


def test_a_break_is_missed_where_its_window_passes_on_the_way_home() -> None:
    """The stop leaves at 300 s, home at 600 s: a window from 301 to 599 s has gone by."""
    problem = street(order(0, 3), vehicles=(van(breaks=(lunch(301, EIGHT + 599),)),))
    assert reasons(problem, tour(0)) == ["break"]


def test_no_break_is_missed_by_a_vehicle_that_is_home_by_the_end_of_its_window() -> None:
    problem = street(order(0, 3), vehicles=(van(breaks=(lunch(301, EIGHT + 600),)),))
    assert reasons(problem, tour(0)) == []


def test_a_vehicle_that_is_not_used_takes_no_break() -> None:
    problem = street(order(0, 3), vehicles=(van(breaks=(lunch(0, EIGHT + 1),)),))
    assert evaluate(problem, draft()).violations == ()
