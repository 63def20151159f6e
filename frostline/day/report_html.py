"""How does a day's report look as a page? One file, its charts drawn in it, nothing to load."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from frostline.day import charts
from frostline.day.view import clock, comparison_sentences, percent, sentences_of, yuan

Document = Mapping[str, Any]

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #667; --line: #ccd; --with: #0a6ebd;
  --without: #d1661a; --third: #6b7280; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --faint: #99a; --line: #445;
  --with: #5bb0f0; --without: #f0a060; --third: #9aa4b2; --paper: #14171c; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
pre { white-space: pre-wrap; } small { color: var(--faint); }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
.axis { stroke: var(--line); } .with { fill: var(--with); } .without { fill: var(--without); }
.third { fill: var(--third); } .line { fill: none; stroke: var(--without); stroke-width: 2; }
"""


def day_page(document: Document) -> str:
    """Return a day's page."""
    report = document["report"]
    day = report["day"]
    title = f"{day['scenario']}, {day['orders']} orders, seed {day['seed']}"
    hours = report["demand"]["hours"]
    names = [f"{row['hour']:02d}" for row in hours]
    demand = charts.bars(
        names,
        [
            charts.Series("ordered", "with", [row["ordered"] for row in hours]),
            charts.Series("delivered", "third", [row["delivered"] for row in hours]),
        ],
        line=charts.Series("capacity", "line", [row["capacity"] for row in hours]),
    )
    tiers = report["punctuality"]["tiers"]
    kept = charts.bars(
        [f"{row['tier_h']} h" for row in tiers],
        [
            charts.Series("promised", "third", [row["promised"] for row in tiers]),
            charts.Series("on time", "with", [row["on_time"] for row in tiers]),
        ],
    )
    goods = report["goods"]
    spoiled = charts.bars(
        ["truly spoiled", "spoiled by the judge", "excursions by the judge"],
        [
            charts.Series(
                "boxes",
                "without",
                [goods["spoiled"], goods["spoiled_by_judge"], goods["excursions_by_judge"]],
            )
        ],
    )
    changes = report["stability"]["changes"]
    moved = charts.bars(list(changes), [charts.Series("changes", "third", list(changes.values()))])
    body = [
        _sentences(sentences_of(report)),
        _section("Demand against capacity, by the hour", demand),
        _section("Promises and how they were kept, by tier", kept),
        _section("Boxes: the truth, and the judge", spoiled),
        _section("What versions of the plan changed", moved),
        _section("Boxes in question", _questions(report["stability"]["questions"])),
        _footer(document),
    ]
    return _page(title, body)


def comparison_page(document: Document) -> str:
    """Return the page of a comparison."""
    study, rows, curve = document["study"], document["rows"], document["curve"]
    title = (
        f"{study['scenario']}, {study['orders']} orders, {study['seeds']} seeds, loop on and off"
    )
    names = [f"seed {row['seed']}" for row in rows]

    def pair(field: str, scale: float = 1.0) -> str:
        return charts.bars(
            names,
            [
                charts.Series(
                    "with the loop", "with", [scale * row[f"{field}_with_loop"] for row in rows]
                ),
                charts.Series(
                    "without", "without", [scale * row[f"{field}_without_loop"] for row in rows]
                ),
            ],
        )

    weights = [f"{point['weight']:g}" for point in curve]
    saved = [float(point["saved"]) for point in curve]
    body = [
        _sentences(comparison_sentences(document)),
        _table(rows),
        _section("Boxes truly spoiled", pair("spoiled")),
        _section("On time, %", pair("on_time", 100.0)),
        _section("Cost, CNY", pair("cost", 0.01)),
        _section(
            "Boxes saved against punctuality (points), by the loop's weight",
            charts.dots(weights, [100.0 * p["on_time_change"] for p in curve], saved),
        ),
        _section(
            "Boxes saved against cost (% more), by the loop's weight",
            charts.dots(weights, [100.0 * (p["cost_change"] or 0.0) for p in curve], saved),
        ),
        _footer(document),
    ]
    return _page(title, body)


def _questions(questions: Sequence[Document]) -> str:
    """Tell of each box that became a question what was chosen for it, and why."""
    if not questions:
        return "<p>None.</p>"
    rows = [
        (clock(each["at_s"]), each["consignment_id"], each["cause"], each["chosen"], each["why"])
        for each in questions
    ]
    return _grid(("at", "box", "cause", "chosen", "why"), rows)


def _page(title: str, body: Sequence[str]) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    content = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n'
        f"<body><h1>{escape(title)}</h1>\n{content}\n</body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _sentences(sentences: Sequence[str]) -> str:
    return f"<pre>{escape(chr(10).join(sentences))}</pre>"


def _footer(document: Document) -> str:
    return f"<p><small>Report {escape(document['hash'])}</small></p>"


def _table(rows: Sequence[Document]) -> str:
    heads = (
        "seed",
        "spoiled",
        "without",
        "on time",
        "without",
        "cost",
        "without",
        "last",
        "without",
    )
    cells = [
        (
            str(row["seed"]),
            str(row["spoiled_with_loop"]),
            str(row["spoiled_without_loop"]),
            percent(row["on_time_with_loop"]),
            percent(row["on_time_without_loop"]),
            yuan(row["cost_with_loop"]),
            yuan(row["cost_without_loop"]),
            clock(row["finished_s_with_loop"]),
            clock(row["finished_s_without_loop"]),
        )
        for row in rows
    ]
    return _grid(heads, cells)


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
