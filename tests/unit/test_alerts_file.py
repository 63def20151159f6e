"""Alerting plans as TOML: what they say, and how mistakes are refused."""

import json
from pathlib import Path

import pytest

from gateway.rules.alerting_file import document_of_plan, plan_of_document, read_alerting_plan
from gateway.rules.alerting_plan import (
    KINDS,
    KindOfAlert,
    with_published_rules,
)
from gateway.rules.compensation_file import read_rules
from gateway.rules.hours import Hours
from gateway.rules.toml_lines import BadFile

GATEWAY = Path(__file__).parents[2] / "gateway"
BUNDLED = (GATEWAY / "alerting/default.toml").read_text("utf-8")
PUBLISHED = (GATEWAY / "compensation/fresh-promise.toml").read_text("utf-8")


def test_the_bundled_plan_is_good_and_says_what_stands_in_it() -> None:
    plan = read_alerting_plan(BUNDLED, name="default.toml")
    assert (plan.plan_id, plan.time_zone, plan.hold_down_s) == ("default", "Asia/Shanghai", 900)
    assert plan.quiet_hours == Hours(from_time="23:00", until_time="06:00")
    assert [level.name for level in plan.levels] == [
        "dispatcher",
        "shift lead",
        "head of operations",
    ]
    assert plan.kinds.at_risk == KindOfAlert(severity="critical", escalates_after_s=(300, 300))
    assert plan.kinds.excursion == KindOfAlert()


def test_a_plan_comes_back_from_the_database_as_it_was() -> None:
    plan = read_alerting_plan(BUNDLED, name="default.toml")
    assert plan_of_document(json.loads(json.dumps(document_of_plan(plan)))) == plan


@pytest.mark.parametrize(
    ("good", "bad", "refused"),
    [
        ("plan_id = ", "plan_id = = ", "no TOML"),
        ('plan_id = "default"', 'plan_id = "a b"', "'a b' is no name"),
        ("version = 1", "version = 0", "versions begin at 1"),
        ("version = 1", 'version = "1"', "version: Expected `int`, got `str`"),
        ("Asia/Shanghai", "Asia/Shang", "'Asia/Shang' is no time zone"),
        (
            "hold_down_s = 900",
            "hold_down_s = -1",
            "hold_down_s is -1; expected 0 to 604800 seconds",
        ),
        (
            "hold_down_s = 900",
            "hold_down_s = 900\nhold_dwn_s = 1",
            "hold_dwn_s is not known here; did you mean hold_down_s?",
        ),
        ("_share = 0.8", "_share = 0", "0.0 is no share"),
        ("_share = 0.8", "_share = 1.01", "1.01 is no share"),
        ('from_time = "23:00"', 'from_time = "24:00"', "from_time is '24:00'"),
        ("notice = []", "notice = [60, 60, 60]", "give at most 2 times"),
        ("notice = []", "notice = [0]", "must be more than 0 seconds"),
        ("notice = []", "notice = [604801]", "and at most 604800: a week"),
        ("hold_down_s = 900", "hold_down_s = 604801", "expected 0 to 604800 seconds"),
        ("[kinds.silent]", "[kinds.silence]", "silence is not known here"),
        ('severity = "notice"', 'severity = "nitice"', "severity: Invalid enum value 'nitice'"),
        ('people = ["head of operations"]', "people = []", "name who is on duty"),
        ('people = ["head of operations"]', 'people = [" "]', "name who is on duty"),
        (
            'people = ["head of operations"]',
            'people = ["head"]\ndays = ["sunday"]',
            "days: Invalid enum value 'sunday'",
        ),
        ('people = ["head of operations"]', 'people = ["head"]\ndays = []', "days is empty"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_the_reason(
    good: str, bad: str, refused: str
) -> None:
    text = BUNDLED.replace(good, bad, 1)
    # The mistake stands in the last line of what was put in, or of the text that has it.
    line = text[: text.index(bad) + len(bad)].count("\n") + 1
    with pytest.raises(BadFile) as caught:
        read_alerting_plan(text, name="plan.toml")
    assert str(caught.value).startswith(f"plan.toml:{line}: ")
    assert refused in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadFile, match="missing required field `hold_down_s`"):
        read_alerting_plan(BUNDLED.replace("hold_down_s", "# hold_down_s"), name="plan.toml")


def test_there_are_three_levels() -> None:
    two = BUNDLED[: BUNDLED.rindex("[[levels]]")]
    with pytest.raises(BadFile, match="2 levels; an alert escalates over 3"):
        read_alerting_plan(two, name="plan.toml")


def test_somebody_of_the_last_level_is_always_on_duty() -> None:
    head, last = BUNDLED[: BUNDLED.rindex("from_time")], BUNDLED[BUNDLED.rindex("from_time") :]
    line = BUNDLED[: BUNDLED.rindex("[[levels]]")].count("\n") + 1
    with pytest.raises(BadFile, match=rf"plan.toml:{line}: .* on duty at mon 23:59") as caught:
        read_alerting_plan(
            head + last.replace('l_time = "00:00"', 'l_time = "23:59"'), name="plan.toml"
        )
    assert "cover the whole week" in str(caught.value)
    weekend = 'from_time = "00:00"\nuntil_time = "00:00"\ndays = ["sat"]'
    with pytest.raises(BadFile, match="on duty at mon 00:00"):
        read_alerting_plan(head + weekend, name="plan.toml")


def test_every_kind_of_alert_can_be_named_in_a_file() -> None:
    head = BUNDLED[: BUNDLED.index("[kinds.at_risk]")] + BUNDLED[BUNDLED.index("[[levels]]") :]
    named = "".join(f'[kinds.{kind}]\nseverity = "critical"\n' for kind in KINDS)
    plan = read_alerting_plan(head + named, name="plan.toml")
    assert [plan.of_kind(kind).severity for kind in KINDS] == ["critical"] * len(KINDS)


def test_serious_complaints_escalate_as_the_published_rules_promise() -> None:
    rules = read_rules(PUBLISHED, name="fresh-promise.toml")
    plan = with_published_rules(read_alerting_plan(BUNDLED, name="default.toml"), rules)
    after_s = [level.after_s for level in rules.serious_complaints.levels]
    assert after_s[0] == 0
    assert plan.kinds.complaint == KindOfAlert(
        severity="warning",
        escalates_after_s=(after_s[1], after_s[2] - after_s[1]),
    )
