"""How is a day's report told on a screen?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

Document = Mapping[str, Any]

_BAR: Final = 24


def show_day(document: Document) -> None:
    """Print a day."""
    console = Console()
    report = document["report"]
    console.print(_title(report["day"]), style="bold", highlight=False)
    for sentence in sentences_of(report):
        console.print(f"  {sentence}", highlight=False)
    console.print(_hours(report["demand"]["hours"]))
    console.print(_tiers(report["punctuality"]["tiers"]))
    wall = document["wall"]
    told = f"report {document['hash'][:16]}; {wall['seconds']:.0f} s on this machine"
    console.print(told, style="dim", highlight=False)


def show_comparison(document: Document) -> None:
    """Print what the loop saves, a row a seed."""
    console = Console()
    table = Table(title="With the thermal loop, and without it")
    for name in ("seed", "spoiled", "without", "on time", "without", "cost", "without", "finished"):
        table.add_column(name, justify="right")
    for row in document["rows"]:
        table.add_row(
            str(row["seed"]),
            str(row["spoiled_with_loop"]),
            str(row["spoiled_without_loop"]),
            percent(row["on_time_with_loop"]),
            percent(row["on_time_without_loop"]),
            yuan(row["cost_with_loop"]),
            yuan(row["cost_without_loop"]),
            f"{(row['finished_s_with_loop'] - row['finished_s_without_loop']) / 60:+.0f} min",
        )
    console.print(table)
    for sentence in comparison_sentences(document):
        console.print(sentence, highlight=False)
    if document["curve"]:
        console.print(_curve(document["curve"]))


def sentences_of(report: Document) -> list[str]:
    """Say a day in sentences."""
    demand, kept = report["demand"], report["punctuality"]
    driving, money, goods = report["driving"], report["money"], report["goods"]
    stability = report["stability"]
    rescues = ", ".join(f"{what} {count}" for what, count in stability["rescues"].items())
    return [
        (
            f"orders       {demand['orders']}; promised {demand['promised']}, impossible "
            f"{demand['impossible']}, refused {demand['refused']}, "
            f"cancelled {demand['cancelled']}; delivered {demand['delivered']}"
        ),
        (
            f"on time      {percent(kept['rate'])}; {kept['broken']} broken, "
            f"{kept['announced_before_broken']} of them announced before; "
            f"last delivery {clock(kept['finished_s'])}"
        ),
        (
            f"vehicles     {driving['vehicles_used']} of {driving['vehicles']} used, "
            f"{driving['distance_km']:.0f} km, {driving['trips']} trips, "
            f"busy {percent(driving['use'])} of their shifts"
        ),
        (
            f"cost         {yuan(money['total'])}: vehicles {yuan(money['vehicles'])}, "
            f"relays {yuan(money['relays'])}, compensation {yuan(money['compensation'])}"
        ),
        (
            f"goods        {goods['boxes']} boxes; truly spoiled {goods['spoiled']} "
            f"({yuan(goods['spoiled_value'])}), of them in failed compartments "
            f"{goods['spoiled_in_failed_compartments']}; "
            f"the judge says {goods['spoiled_by_judge']}, "
            f"and finds {goods['spoiled_found_by_judge']} of the true ones"
        ),
        (
            f"plan         {stability['versions']} versions; "
            f"{stability['changed_per_order']:.2f} changes an order"
        ),
        f"rescues      {rescues or 'none'}",
    ]


def comparison_sentences(document: Document) -> list[str]:
    """Say a comparison in sentences."""
    totals, intervals = document["totals"], document["intervals"]
    sentences = [
        (
            f"spoiled: {totals['spoiled_with_loop']} with the loop, "
            f"{totals['spoiled_without_loop']} without; a day {_interval(intervals['spoiled'])}"
        ),
        (
            f"on time: {percent(totals['on_time_with_loop'])} with, "
            f"{percent(totals['on_time_without_loop'])} without"
        ),
        f"cost: {yuan(totals['cost_with_loop'])} with, {yuan(totals['cost_without_loop'])} without",
        (
            f"broken with the loop: {totals['broken']}, "
            f"announced before: {totals['announced_before_broken']}"
        ),
    ]
    if "on_time_greedy" in totals:
        sentences.append(f"greedy dispatch: {percent(totals['on_time_greedy'])} on time")
    return sentences


def percent(share: float) -> str:
    """Write a share."""
    return f"{100.0 * share:.1f} %"


def yuan(amount: float) -> str:
    """Write an amount of the smallest currency unit."""
    return f"{amount / 100:,.0f} CNY"


def clock(second: float) -> str:
    """Write a second of the day as a time."""
    minutes = int(second // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _title(day: Document) -> str:
    how = "greedy" if day["planner"] == "greedy" else "with" if day["loop"] else "without"
    loop = "dispatch" if how == "greedy" else "the thermal loop"
    return f"{day['scenario']}, {day['orders']} orders, seed {day['seed']}, {how} {loop}"


def _hours(hours: Sequence[Document]) -> Table:
    table = Table(title="Demand and capacity by the hour")
    for name in ("hour", "ordered", "delivered", "staffed", "capacity"):
        table.add_column(name, justify="right")
    table.add_column("", width=_BAR)
    most = max([1.0, *(max(row["ordered"], row["capacity"]) for row in hours)])
    for row in hours:
        bar = "█" * round(_BAR * row["ordered"] / most)
        table.add_row(
            f"{row['hour']:02d}",
            str(row["ordered"]),
            str(row["delivered"]),
            f"{row['staffed_vehicles']:.1f}",
            f"{row['capacity']:.0f}",
            bar,
        )
    return table


def _tiers(tiers: Sequence[Document]) -> Table:
    table = Table(title="Promises by tier")
    for name in ("tier", "orders", "promised", "on time", "rate", "announced before broken"):
        table.add_column(name, justify="right")
    for row in tiers:
        rate = row["on_time"] / row["promised"] if row["promised"] else 1.0
        broken = row["promised"] - row["on_time"]
        table.add_row(
            f"{row['tier_h']} h",
            str(row["orders"]),
            str(row["promised"]),
            str(row["on_time"]),
            percent(rate),
            f"{row['announced']} of {broken}",
        )
    return table


def _curve(points: Sequence[Document]) -> Table:
    table = Table(title="Goods saved against punctuality and cost, by the loop's weight")
    for name in ("weight", "spoiled", "saved", "value saved", "on time", "change", "cost"):
        table.add_column(name, justify="right")
    for point in points:
        table.add_row(
            f"{point['weight']:g}",
            str(point["spoiled"]),
            str(point["saved"]),
            yuan(point["saved_value"]),
            percent(point["on_time"]),
            f"{100 * point['on_time_change']:+.2f} points",
            f"{100 * (point['cost_change'] or 0.0):+.1f} %",
        )
    return table


def _interval(paired: Document) -> str:
    if paired["low"] is None:
        return f"{paired['mean']:+.1f}"
    return f"{paired['mean']:+.1f} ({paired['low']:+.1f} to {paired['high']:+.1f}, 95 %)"
