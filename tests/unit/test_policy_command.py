"""`frostline policy check` and `show`: exit 0 and plain words, or exit 2 and what to change."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from frostline.cli import app
from frostline.errors import CommandRefused
from frostline.policies import shipped_policies


def written(folder: Path, name: str, *, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_good_policy_is_told_in_plain_words(tmp_path: Path) -> None:
    good = written(tmp_path, "good.toml", text=shipped_policies()["chilled"].read_text("utf-8"))
    ran = CliRunner().invoke(app, ["policy", "check", good])
    assert ran.exit_code == 0
    assert "critical too-warm: the goods above 8 °C for 30 min" in ran.stdout


def test_each_bad_policy_is_refused_and_the_good_ones_are_still_told(tmp_path: Path) -> None:
    text = shipped_policies()["chilled"].read_text("utf-8")
    bad = written(tmp_path, "bad.toml", text=text.replace("hysteresis_c", "hysterisis_c", 1))
    good = written(tmp_path, "good.toml", text=text)
    ran = CliRunner().invoke(app, ["policy", "check", bad, str(tmp_path / "absent.toml"), good])
    assert ran.exit_code == 2
    line = 1 + text[: text.index("hysteresis_c")].count("\n")
    assert f"{bad}:{line}: hysterisis_c is not known here; did you mean hysteresis_c?" in ran.stderr
    assert "absent.toml cannot be read: No such file or directory" in ran.stderr
    assert "chilled, version 2" in ran.stdout


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "utf16.toml"
    path.write_bytes("policy_id = 'x'".encode("utf-16"))
    ran = CliRunner().invoke(app, ["policy", "check", str(path)])
    assert ran.exit_code == 2
    assert "is not UTF-8; save it as UTF-8" in ran.stderr


def test_those_that_come_along_are_shown_by_name_or_all() -> None:
    assert "ambient, version 2" in CliRunner().invoke(app, ["policy", "show", "ambient"]).stdout
    everything = CliRunner().invoke(app, ["policy", "show"]).stdout
    assert everything.count(", version ") == len(shipped_policies())


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    ran = CliRunner().invoke(app, ["policy", "show", "chiled"])
    assert isinstance(ran.exception, CommandRefused)
    with pytest.raises(CommandRefused, match="did you mean chilled"):
        raise ran.exception
