"""Days with and without the loop are paired by seed."""

from pathlib import Path
from typing import Any

import pytest

from frostline.day.charts import Series, bars, dots
from frostline.day.compare import intervals_of, paired, point_of, seed_row, totals_of
from frostline.day.many import arguments_of, name_of
from frostline.day.report_html import comparison_page
from frostline.day.run import DayWish
from frostline.day.study import Study, comparison_of, wishes_of


def day(seed: int, *, spoiled: int, on_time: int, cost: float, **more: float) -> dict[str, Any]:
    """Return a day of 100 promises as plain values."""
    return {
        "day": {"seed": seed},
        "punctuality": {
            "promised": 100,
            "on_time": on_time,
            "rate": on_time / 100,
            "broken": 100 - on_time,
            "announced_before_broken": more.get("announced", 0),
            "finished_s": more.get("finished_s", 72_000.0),
        },
        "money": {"total": cost},
        "goods": {"spoiled": spoiled, "spoiled_by_judge": spoiled, "spoiled_value": 10 * spoiled},
    }


def test_an_interval_is_students_t_of_the_differences() -> None:
    """Differences -2, -4, -6: mean -4, s = 2, t(2) = 4.303, so ± 4.303 x 2 / sqrt(3) = 4.969."""
    found = paired([1, 2, 3], [3, 6, 9])
    assert found.mean == pytest.approx(-4.0)
    assert found.low == pytest.approx(-8.969, abs=1e-3)
    assert found.high == pytest.approx(0.969, abs=1e-3)


def test_five_seeds_have_four_degrees_of_freedom() -> None:
    """Differences 1 to 5: mean 3, s = sqrt(2.5), t(4) = 2.776: ± 1.963."""
    found = paired([1, 2, 3, 4, 5], [0, 0, 0, 0, 0])
    assert (found.low, found.high) == (
        pytest.approx(1.037, abs=1e-3),
        pytest.approx(4.963, abs=1e-3),
    )


def test_one_pair_has_no_interval() -> None:
    """Nothing can be said of how another seed would differ."""
    found = paired([3], [5])
    assert (found.mean, found.low, found.high) == (-2, None, None)


def test_totals_are_of_all_seeds_and_rates_of_all_promises() -> None:
    """6 of 18 boxes spoil with the loop, a third less than none is a change of -2/3."""
    on = [
        day(1, spoiled=2, on_time=99, cost=101.0, announced=1),
        day(2, spoiled=4, on_time=97, cost=103.0),
    ]
    off = [day(1, spoiled=8, on_time=98, cost=100.0), day(2, spoiled=10, on_time=98, cost=100.0)]
    totals = totals_of(on, off)
    assert (totals["spoiled_with_loop"], totals["spoiled_without_loop"]) == (6, 18)
    assert totals["spoiled_change"] == pytest.approx(-2 / 3)
    assert totals["on_time_with_loop"] == pytest.approx(0.98)
    assert totals["cost_change"] == pytest.approx(0.02)
    assert (totals["broken"], totals["announced_before_broken"]) == (4, 1)


def test_from_nothing_to_something_is_no_finite_share() -> None:
    """Without a loss to begin with a share has no meaning, unless nothing changed."""
    none, one = [day(1, spoiled=0, on_time=99, cost=1.0)], [day(1, spoiled=1, on_time=99, cost=1.0)]
    assert totals_of(one, none)["spoiled_change"] is None
    assert totals_of(none, none)["spoiled_change"] == 0.0


def test_a_point_of_the_curve_says_what_is_saved_and_what_it_costs() -> None:
    """12 boxes of 10 saved, a point of punctuality lost, 2 % dearer."""
    on = [day(1, spoiled=6, on_time=97, cost=102.0)]
    off = [day(1, spoiled=18, on_time=98, cost=100.0)]
    point = point_of(2.0, on, off)
    assert (point.saved, point.saved_value, point.spoiled) == (12, 120, 6)
    assert point.on_time_change == pytest.approx(-0.01)
    assert point.cost_change == pytest.approx(0.02)


def test_differences_are_with_the_loop_minus_without() -> None:
    """Ten minutes later is +600 s."""
    on = day(1, spoiled=1, on_time=99, cost=1.0, finished_s=72_600.0)
    off = day(1, spoiled=3, on_time=99, cost=1.0)
    found = intervals_of([seed_row(1, on, off)])
    assert found["finished_s"].mean == 600.0
    assert found["spoiled"].mean == -2


STUDY = Study(
    first=DayWish(orders=400, scenario="heat-wave", seed=7),
    seeds=2,
    weights=(0.5, 2.0),
    greedy=True,
)


def test_a_study_runs_each_seed_without_with_each_weight_and_greedily() -> None:
    """2 seeds x (no loop, 0.5, 1, 2, greedy); the weight 1 is there though nobody asked for it."""
    wishes = wishes_of(STUDY)
    names = [name_of(wish) for wish in wishes]
    assert names[:5] == [
        "seed-7-no-loop",
        "seed-7-loop-0.5",
        "seed-7-loop",
        "seed-7-loop-2",
        "seed-7-greedy",
    ]
    assert len(names) == len(set(names)) == 10
    assert arguments_of(wishes[0])[:6] == [
        "--orders",
        "400",
        "--scenario",
        "heat-wave",
        "--seed",
        "7",
    ]


def test_a_day_of_its_own_finds_its_map_wherever_it_runs() -> None:
    """Children work in another folder, so a name that is relative to ours would lead nowhere."""
    named = Path("cities/helsinki.osm.pbf")
    arguments = arguments_of(DayWish(orders=1, scenario="normal", seed=1, map_file=named))
    assert arguments[arguments.index("--map") + 1] == str(Path.cwd() / named)


def test_a_comparison_pairs_seeds_whatever_order_they_ended_in() -> None:
    """Rows stand in the order of seeds, and each pairs the two days of one seed."""
    done = {
        wish: {
            "report": day(wish.seed, spoiled=2 if wish.loop else wish.seed, on_time=99, cost=1.0),
            "hash": "…",
        }
        for wish in reversed(wishes_of(STUDY))
    }
    document = comparison_of(STUDY, done)
    found = [
        (row["seed"], row["spoiled_with_loop"], row["spoiled_without_loop"])
        for row in document["rows"]
    ]
    assert found == [(7, 2, 7), (8, 2, 8)]
    assert [point["weight"] for point in document["curve"]] == [0.5, 1.0, 2.0]
    assert document["totals"]["on_time_greedy"] == pytest.approx(0.99)
    page = comparison_page(document | {"hash": "…"})
    assert page.count("<svg") == 5
    assert "<script" not in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_charts_draw_every_value_and_escape_names() -> None:
    """Two groups of two bars and a line of two points; names are text, never markup."""
    drawn = bars(
        ["<a>", "b"],
        [Series("x", "with", [1, 2]), Series("y", "without", [0, 0])],
        line=Series("z", "line", [1, 3]),
    )
    assert drawn.count("<title>") == 4
    assert "<polyline" in drawn
    assert "<a>" not in drawn
    assert dots([], [], []) == ""
    assert dots(["0.5"], [0.0], [3.0]).count("<circle") == 1
