"""How is a plan told on a screen?"""

from typing import Final

from rich.console import Console
from rich.table import Table

from routing.evaluate import Evaluation
from routing.explain import PARTS, PlanExplained
from routing.plan import Plan, Route
from routing.problem import Problem
from routing.travel import notes_of
from routing.words import clock, count, duration, money

MOST_UNSERVED: Final = 20
MOST_ROUTES: Final = 60


def show_plan(problem: Problem, plan: Plan, explained: PlanExplained) -> None:
    """Print the routes, what they cost, and what stays behind."""
    console = Console()
    for note in notes_of(problem.travel):
        console.print(f"[yellow]{note}[/yellow]", highlight=False)
    console.print(_routes(plan))
    console.print(_costs(explained))
    for sentence in explained.sentences:
        console.print(sentence, highlight=False)
    if plan.unserved:
        console.print(_unserved(plan))
    told = f"{plan.engine}, seed {plan.seed}, {count(plan.iterations, 'iteration')}"
    console.print(told, style="dim", highlight=False)


def show_explained(explained: PlanExplained) -> None:
    """Print where a plan's cost comes from and where it is tightest."""
    console = Console()
    console.print(_costs(explained))
    for sentence in explained.sentences:
        console.print(sentence, highlight=False)
    late = Table("order", "vehicle", "served", "late", title="Latest orders")
    for order in explained.late:
        late.add_row(order.order, order.vehicle, clock(order.starts_s), duration(order.late_s))
    tight = Table("order", "vehicle", "exposed", "holds", title="Tightest boxes")
    for box in explained.tightest:
        tight.add_row(box.order, box.vehicle, duration(box.exposure_s), duration(box.hold_s))
    full = Table("vehicle", "leaves", "zone", "load", "of", title="Fullest trips")
    for trip in explained.fullest:
        weights = f"{trip.load_g / 1000:,.1f} kg", f"{trip.capacity_g / 1000:,.1f} kg"
        full.add_row(trip.vehicle, clock(trip.departs_s), trip.zone, *weights)
    for table in (late, tight, full):
        if table.row_count:
            console.print(table)


def show_violations(evaluation: Evaluation) -> None:
    """Print each rule that a plan breaks."""
    table = Table("rule", "vehicle", "order", "what", title="Rules broken")
    for violation in evaluation.violations:
        table.add_row(
            violation.reason, violation.vehicle, violation.order or "", violation.sentence
        )
    Console().print(table)


def _routes(plan: Plan) -> Table:
    left = len(plan.routes) - MOST_ROUTES
    more = f"; {left} more are in the file" if left > 0 else ""
    table = Table(title=f"{count(len(plan.routes), 'route')}{more}", pad_edge=False)
    table.add_column("vehicle", no_wrap=True)
    for name in ("trips", "out", "back", "stops", "km", "late\nmin", "exposed\nmin"):
        table.add_column(name, justify="right", no_wrap=True)
    for route in plan.routes[:MOST_ROUTES]:
        table.add_row(*_row(route))
    return table


def _row(route: Route) -> tuple[str, ...]:
    stops = [stop for trip in route.trips for stop in trip.stops]
    return (
        route.vehicle,
        str(len(route.trips)),
        clock(route.trips[0].departs_s // 60 * 60),
        clock(route.trips[-1].ends_s // 60 * 60),
        str(len(stops)),
        f"{sum(trip.distance_m for trip in route.trips) / 1000:.1f}",
        f"{sum(stop.late_s for stop in stops) / 60:.0f}",
        f"{max((stop.exposure_s for stop in stops), default=0) / 60:.0f}",
    )


def _costs(explained: PlanExplained) -> Table:
    table = Table(title="Cost")
    table.add_column("for")
    table.add_column("amount", justify="right")
    for part, units in explained.parts:
        table.add_row(PARTS[part], money(units))
    table.add_section()
    table.add_row("in all", money(explained.total))
    return table


def _unserved(plan: Plan) -> Table:
    left = len(plan.unserved) - MOST_UNSERVED
    more = f"; {left} more are in the file" if left > 0 else ""
    table = Table(title=f"{count(len(plan.unserved), 'order')} not served{more}")
    for name in ("order", "reason", "why", "what would serve it"):
        table.add_column(name)
    for order in plan.unserved[:MOST_UNSERVED]:
        table.add_row(order.order, order.reason, order.sentence, order.remedy)
    return table
