"""How is a plan answered in VROOM's own form?

Costs, seconds and metres are VROOM's, from its own matrices: what it would report of the same
routes. A break stands where it is taken; one that would come after the last return is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

from routing.exchange.vroom import Import
from routing.exchange.vroom_shapes import Carrier, Job, Location, Rest
from routing.exchange.vroom_travel import Ways
from routing.plan import Plan, Route, Stop, Trip

Step = dict[str, Any]

SUMS = ("cost", "setup", "service", "duration", "waiting_time", "priority", "distance")


@dataclass
class Log:
    """One vehicle's steps while they are written; it stands at `at`, and is free at `free_s`."""

    source: Import
    vehicle: Carrier
    ways: Ways
    rests: list[tuple[int, Rest]]
    at: int
    free_s: int
    load: list[int]
    steps: list[Step] = field(default_factory=list)
    duration: int = 0
    distance: int = 0
    cost: int = 0

    def travel(self, to: int) -> None:
        """Go on to a place."""
        self.duration += int(self.ways.durations_s[self.at, to])
        if self.ways.distances_m is not None:
            self.distance += int(self.ways.distances_m[self.at, to])
        if self.ways.costs is not None:
            self.cost += int(self.ways.costs[self.at, to])
        self.at = to

    def step(self, kind: str, arrival_s: int, facts: Step) -> None:
        """Write a step at the place where the vehicle is."""
        said = {"type": kind, **facts, "arrival": arrival_s + self.source.base_s}
        said |= {"duration": self.duration, "violations": []}
        if self.ways.distances_m is not None:
            said["distance"] = self.distance
        if self.load:
            said["load"] = list(self.load)
        self.steps.append({"setup": 0, "service": 0, "waiting_time": 0} | said)

    def rest(self, until_s: int) -> None:
        """Write the breaks that begin before `until_s`."""
        while self.rests and self.rests[0][0] < until_s:
            starts_s, rest = self.rests.pop(0)
            facts: Step = {"id": rest.id, "service": rest.service}
            if rest.description is not None:
                facts["description"] = rest.description
            self.step("break", self.free_s, facts | {"waiting_time": starts_s - self.free_s})
            self.free_s = starts_s + rest.service

    def serve(self, job: Job, stop: Stop, to: int) -> None:
        """Write the breaks before a job, and the job."""
        self.rest(stop.arrives_s)
        self.travel(to)
        self.free_s = stop.arrives_s
        self.rest(stop.starts_s)
        self.load = [have - less for have, less in zip(self.load, _amounts(self, job), strict=True)]
        facts = _said(job) | {
            "setup": job.setup,
            "service": job.service,
            "waiting_time": stop.starts_s - self.free_s,
        }
        self.step("job", self.free_s, facts)
        self.free_s = stop.starts_s + job.setup + job.service


def answer_vroom(plan: Plan, source: Import) -> bytes:
    """Return a plan of `source.problem` as VROOM's output."""
    carriers = {str(vehicle.id): k for k, vehicle in enumerate(source.source.vehicles)}
    jobs = {str(job.id): job for job in source.source.jobs}
    routes = [
        _route(source, carriers[route.vehicle], jobs, route)
        for route in plan.routes
        if any(trip.stops for trip in route.trips)
    ]
    served = {stop.order for route in plan.routes for trip in route.trips for stop in trip.stops}
    unassigned = [
        {"id": job.id, "type": "job", **_said(job)}
        for job in jobs.values()
        if str(job.id) not in served
    ]
    summary: Step = {"routes": len(routes), "unassigned": len(unassigned), "violations": []}
    for name in SUMS:
        if all(name in route for route in routes):
            summary[name] = sum(route[name] for route in routes)
    kinds = len(source.source.vehicles[0].capacity) if source.source.vehicles else 0
    summary["delivery"] = _added([route["delivery"] for route in routes], kinds)
    summary["pickup"] = [0] * kinds
    answer = {"code": 0, "summary": summary, "unassigned": unassigned, "routes": routes}
    return msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n"


def _route(source: Import, k: int, jobs: dict[str, Job], route: Route) -> Step:
    vehicle, ways = source.source.vehicles[k], source.ways[k]
    [trip] = route.trips
    brought = [jobs[stop.order] for stop in trip.stops]
    log = _log(source, k, route)
    log.load = _added([_amounts(log, job) for job in brought], len(vehicle.capacity))
    delivery = list(log.load)
    rested = sum(rest.service for _, rest in log.rests)
    _write_steps(log, trip, brought)
    said: Step = {
        "vehicle": vehicle.id,
        "cost": _cost(log),
        "setup": sum(job.setup for job in brought),
        "service": sum(job.service for job in brought) + rested,
        "duration": log.duration,
        "waiting_time": sum(step["waiting_time"] for step in log.steps),
        "priority": sum(job.priority for job in brought),
        "delivery": delivery,
        "pickup": [0] * len(delivery),
        "steps": log.steps,
        "violations": [],
    }
    if ways.distances_m is not None:
        said["distance"] = log.distance
    if vehicle.description is not None:
        said["description"] = vehicle.description
    return said


def _rests(source: Import, k: int, route: Route) -> Iterator[tuple[int, Rest]]:
    """Yield when each break begins that is taken; the problem has them by when they may."""
    base_s = source.base_s
    rests = sorted(
        source.source.vehicles[k].breaks,
        key=lambda rest: min((opens for opens, _ in rest.time_windows), default=base_s),
    )
    yield from zip(route.breaks_s, rests, strict=False)


def _log(source: Import, k: int, route: Route) -> Log:
    vehicle = source.source.vehicles[k]
    rests = list(_rests(source, k, route))
    return Log(
        source=source,
        vehicle=vehicle,
        ways=source.ways[k],
        rests=rests,
        at=source.sites.index_of("start", vehicle.start, vehicle.start_index),
        free_s=min([route.trips[0].departs_s, *(starts_s for starts_s, _ in rests)]),
        load=[],
    )


def _write_steps(log: Log, trip: Trip, brought: Sequence[Job]) -> None:
    vehicle, sites = log.vehicle, log.source.sites
    log.step("start", log.free_s, _placed(vehicle.start, vehicle.start_index))
    log.rest(trip.departs_s)
    for job, stop in zip(brought, trip.stops, strict=True):
        log.serve(job, stop, sites.index_of("location", job.location, job.location_index))
    log.rest(trip.ends_s + 1)
    if vehicle.end is None and vehicle.end_index is None:
        last = brought[-1]
        log.step("end", log.free_s, _placed(last.location, last.location_index))
        return
    log.travel(sites.index_of("end", vehicle.end, vehicle.end_index))
    log.step("end", trip.ends_s, _placed(vehicle.end, vehicle.end_index))


def _cost(log: Log) -> int:
    """Return what VROOM says the route costs, to the nearest."""
    costs = log.vehicle.costs
    exact = Fraction(log.cost)
    if log.ways.costs is None:
        exact = Fraction(costs.per_hour * log.duration, 3600)
        exact += Fraction(costs.per_km * log.distance, 1000)
    return costs.fixed + floor(exact + Fraction(1, 2))


def _amounts(log: Log, job: Job) -> Sequence[int]:
    return job.load or (0,) * len(log.vehicle.capacity)


def _added(loads: Sequence[Sequence[int]], kinds: int) -> list[int]:
    return [sum(load[kind] for load in loads) for kind in range(kinds)]


def _said(job: Job) -> Step:
    facts: Step = {"id": job.id}
    if job.description is not None:
        facts["description"] = job.description
    return facts | _placed(job.location, job.location_index)


def _placed(location: Location | None, index: int | None) -> Step:
    facts: Step = {}
    if location is not None:
        facts["location"] = location
    if index is not None:
        facts["location_index"] = index
    return facts
