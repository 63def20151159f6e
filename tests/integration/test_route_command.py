"""`frostline route`, as a shell calls it: results on standard output, the rest on stderr."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

VRPTW = Path(__file__).parents[1] / "data" / "vrptw"


def route(*arguments: object, at: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Call `frostline route` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "frostline", "route", *map(str, arguments)],
        cwd=at,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,  # the first call on a machine compiles the search
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a day, and a plan for it."""
    folder = tmp_path_factory.mktemp("route")
    assert (
        route("generate", "--orders", 30, "--seed", 4, "--out", "day.json", at=folder).returncode
        == 0
    )
    solved = route(
        *("solve", "day.json", "--iterations", 300, "--out", "plan.json"),
        *("--geojson", "plan.geojson", "--map", "map.png", "--gantt", "gantt.png"),
        at=folder,
    )
    assert solved.returncode == 0, solved.stderr
    (folder / "solved.txt").write_text(solved.stdout)
    (folder / "told.txt").write_text(solved.stderr)
    return folder


def test_a_plan_is_shown_and_progress_is_told_apart(folder: Path) -> None:
    shown, told = (folder / "solved.txt").read_text(), (folder / "told.txt").read_text()
    assert "vehicle" in shown
    assert "in all" in shown
    assert "iterations" in told
    assert "plan.json" in told


def test_pictures_and_geojson_are_written(folder: Path) -> None:
    for name in ("map.png", "gantt.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    features = json.loads((folder / "plan.geojson").read_text())["features"]
    stops = [one for one in features if one["properties"]["feature"] == "stop"]
    plan = json.loads((folder / "plan.json").read_text())
    trips = [trip for route in plan["routes"] for trip in route["trips"]]
    assert len(stops) == sum(len(trip["stops"]) for trip in trips) > 0


def test_a_plan_that_was_written_breaks_no_rule(folder: Path) -> None:
    checked = route("check", "plan.json", "day.json", at=folder)
    assert (checked.returncode, "breaks no rule" in checked.stdout) == (0, True)


def test_a_plan_that_breaks_a_rule_ends_with_1_and_names_it(folder: Path) -> None:
    problem = json.loads((folder / "day.json").read_text())
    for order in problem["orders"]:
        order["hold_s"] = 1
    (folder / "warm.json").write_text(json.dumps(problem))
    checked = route("check", "plan.json", "warm.json", "--json", at=folder)
    assert checked.returncode == 1
    assert {one["reason"] for one in json.loads(checked.stdout)["violations"]} == {"cold"}


def test_the_same_iterations_give_the_same_plan(folder: Path) -> None:
    again = route("solve", "day.json", "--iterations", 300, "--json", at=folder)
    assert json.loads(again.stdout) == json.loads((folder / "plan.json").read_text())


def test_a_plan_begins_from_another(folder: Path) -> None:
    again = route(
        *("solve", "-", "--start", "plan.json", "--iterations", 10, "--json"),
        at=folder,
        given=(folder / "day.json").read_text(),
    )
    before = json.loads((folder / "plan.json").read_text())["cost"]["total"]["units"]
    assert json.loads(again.stdout)["cost"]["total"]["units"] <= before


def test_one_order_and_the_whole_are_explained(folder: Path) -> None:
    one = route("explain", "plan.json", "day.json", "order-1", at=folder)
    assert one.stdout.startswith("order-1 is ")
    whole = route("explain", "plan.json", "day.json", at=folder)
    assert "Fullest trips" in whole.stdout


def test_an_instance_is_imported_and_solved(folder: Path) -> None:
    imported = route("import", "solomon", VRPTW / "C109.vrp", "--out", "c109.json", at=folder)
    assert imported.returncode == 0, imported.stderr
    solved = route("solve", "c109.json", "--iterations", 2000, "--json", at=folder)
    total = json.loads(solved.stdout)["cost"]["total"]["minor"]
    assert 8273 <= total < 8273 * 1.2  # best known: 827.3, in tenths


def test_vroom_is_answered_in_its_form(folder: Path) -> None:
    task = {
        "jobs": [{"id": 7, "location_index": 1, "service": 60}],
        "vehicles": [{"id": 3, "start_index": 0, "end_index": 0}],
        "matrices": {"car": {"durations": [[0, 100], [140, 0]]}},
    }
    (folder / "vroom.json").write_text(json.dumps(task))
    solved = route("solve", "vroom.json", "--as", "vroom", "--iterations", 10, at=folder)
    answer = json.loads(solved.stdout)
    assert answer["summary"]["cost"] == 240  # there and back
    assert [step["type"] for step in answer["routes"][0]["steps"]] == ["start", "job", "end"]


def test_ctrl_c_ends_the_search_with_the_best_plan_until_then(folder: Path) -> None:
    arguments = ("route", "solve", "day.json", "--seconds", "250", "--json")
    running = subprocess.Popen(
        [sys.executable, "-m", "frostline", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if " cost " in line:
            break
    running.send_signal(signal.SIGINT)
    written, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    (folder / "ended.json").write_text(written)
    assert route("check", "ended.json", "day.json", at=folder).returncode == 0


def test_what_no_map_can_show_is_refused_before_the_search(folder: Path) -> None:
    made = route("import", "solomon", VRPTW / "C109.vrp", "--out", "bare.json", at=folder)
    assert made.returncode == 0
    refused = route("solve", "bare.json", "--map", "bare.png", at=folder)
    assert refused.returncode == 2
    assert "has no lat_deg and lon_deg" in refused.stderr
    assert "search" not in refused.stderr


@pytest.mark.parametrize("scenario", ["list", "night"])
def test_days_are_generated_on_standard_output(folder: Path, scenario: str) -> None:
    made = route("generate", "--orders", 3, "--scenario", scenario, at=folder)
    assert made.returncode == 0
    assert ("heat-wave" if scenario == "list" else '"order-3"') in made.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("solve", "none.json"), "none.json cannot be read: No such file or directory"),
        (("solve", "broken.json"), "broken.json: document: is no JSON"),
        (("solve", "nan.json"), "nan.json: "),
        (("solve", "day.json", "--out", "no/where.json"), "no/where.json cannot be written"),
        (("solve", "day.json", "--max-orders", 29), "at most 29"),
        (("solve", "day.json", "--start", "day.json"), "day.json: "),
        (("explain", "plan.json", "day.json", "order-l"), "did you mean order-"),
        (("generate", "--scenario", "snow"), "snow is no scenario; there are normal"),
        (("import", "vroom", "day.json"), "day.json: "),
        (("import", "solomon", "day.json"), "day.json: "),
    ],
)
def test_what_a_caller_can_mend_is_a_sentence_and_exit_code_2(
    folder: Path, arguments: tuple[object, ...], sentence: str
) -> None:
    (folder / "broken.json").write_text('{"places": [')
    (folder / "nan.json").write_text('{"places": [], "now_s": NaN}')
    refused = route(*arguments, at=folder)
    assert refused.returncode == 2
    assert sentence in refused.stderr.replace("\n", " ")
    assert "Traceback" not in refused.stderr
