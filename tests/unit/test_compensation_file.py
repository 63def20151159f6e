"""A file of rules is read, or refused with its line; its text for members is what it pays."""

import re

import pytest

from gateway.rules.compensation_file import read_rules
from gateway.rules.compensation_text import clause_texts, published_text
from gateway.rules.toml_lines import BadFile
from schemas.money import Language, write_amount
from tests.dossier_world import FRESH_PROMISE, RULES


def refusal(old: str, new: str) -> str:
    """Return why the rules are refused, once `old` (the first of it) is replaced."""
    assert old in FRESH_PROMISE
    with pytest.raises(BadFile) as refused:
        read_rules(FRESH_PROMISE.replace(old, new, 1), name="r.toml")
    return str(refused.value)


def line_of(text: str) -> int:
    return FRESH_PROMISE[: FRESH_PROMISE.index(text)].count("\n") + 1


def test_the_rules_that_come_along_are_those_of_the_business() -> None:
    """150 % of the goods, the fee back by the hour, 20 yuan at once, 48 hours, three levels."""
    assert [(share.severity, share.per_mille) for share in RULES.spoiled] == [("critical", 1500)]
    assert [(step.late_s, step.per_mille) for step in RULES.late] == [(3600, 500), (7200, 1000)]
    assert RULES.small_complaints.at_once_max == 20 * 100
    assert RULES.serious_complaints.answer_within_s == 48 * 3600
    assert len(RULES.serious_complaints.levels) == 3
    assert RULES.currency == "CNY"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version = 1", "version = 0", "version is 0; the first is 1"),
        ('rulebook_id = "fresh-promise"', 'rulebook_id = "Fresh!"', "rulebook_id is made of"),
        ('currency = "CNY"', 'currency = "XXX"', "currency 'XXX' is not known"),
        ("per_mille = 1500", "per_mille = 1500.0", "per_mille: Expected `int`, got `float`"),
        ("per_mille = 1500", "per_mille = 0", "per_mille is 0; expected 1 to 10000"),
        ("per_mille = 1500", "per_mille = 10001", "per_mille is 10001; expected 1 to 10000"),
        ("per_mille = 1000", "per_mille = 1001", "per_mille is 1001; expected 1 to 1000"),
        ("late_s = 3600", "late_s = 0", "late_s must be more than 0"),
        ('severity = "critical"', 'severity = "bad"', "severity: Invalid enum value 'bad'"),
        ('severity = "critical"', 'severety = "critical"', "missing required field `severity`"),
        ("at_once_max = 2000", "at_once_max = -1", "at_once_max is -1; an amount is not negative"),
        ("at_once_max = 2000", "at_once_max = 200_001", "more than cap.order_max"),
        ("after_s = 0", "after_s = 1", "the first level answers from 0 s on"),
        ("after_s = 86_400", "after_s = 172_800", "begins when the answer is due already"),
        ('zones = ["frozen", "chilled"]', "zones = []", "zones is empty"),
        ('clause.number = "2.2"', 'clause.number = "2.1"', "clause 2.1 stands here twice"),
        ('clause.number = "2.2"', 'clause.number = "2.x"', "a number is like 3.1"),
        ('obstacle = "refused"', 'obstacle = "cancelled"', "'cancelled' stands here twice"),
        ('clause.en = "The same', 'clause.en = "{', "a sentence names no number of its own"),
        ('clause.en = "The same loss is', 'clause.en = "The 1 loss is', "names no number"),
        ('clause.en = "The same', 'clause.en = "The {loss}', "{loss} stands for nothing"),
        ("you get back {percent} of the", "you get back some of the", "does not say {percent}"),
        ("order_max = 200_000", "order_max = 200_000\nfor_ever = 1", "for_ever is not known here"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_line_and_reason(old: str, new: str, reason: str) -> None:
    said = refusal(old, new)
    assert reason in said
    found = re.match(r"r\.toml:(\d+): ", said)
    assert found is not None
    assert abs(int(found[1]) - line_of(old)) <= 3  # of the value, or of the table around it


@pytest.mark.parametrize(
    ("value", "line"),
    [("per_mille = 1500", "per_mille = 1500"), ("amount_max = 50_000", "amount_max = 50_000")],
)
def test_the_line_is_the_values_own(value: str, line: str) -> None:
    name = value.split(" ", 1)[0]
    assert refusal(value, f"{name} = -5").startswith(f"r.toml:{line_of(line)}: {name} is -5")


@pytest.mark.parametrize("second", [3600, 3601])
def test_a_later_step_must_be_later_and_give_more(second: int) -> None:
    changed = FRESH_PROMISE.replace("late_s = 7200", f"late_s = {second}")
    if second > 3600:
        assert read_rules(changed, name="r.toml").late[1].late_s == second
        return
    with pytest.raises(BadFile, match="larger late_s and a larger per_mille"):
        read_rules(changed, name="r.toml")


def test_the_first_of_several_faults_is_told() -> None:
    broken = FRESH_PROMISE.replace("version = 1", "version = 0").replace("{zones}", "")
    with pytest.raises(BadFile, match="version is 0"):
        read_rules(broken, name="r.toml")


# The published text -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "language", "said"),
    [
        ("1.1", "zh", "按商品价值的150%赔付"),
        ("1.1", "en", "we pay you 150 % of their value"),
        ("2.1", "zh", "晚1小时及以上，退还配送费的50%"),
        ("2.2", "en", "If we are 2 hours late or more, you get back 100 %"),
        ("3.1", "zh", "不超过20元"),
        ("3.1", "en", "up to 20 yuan"),
        ("3.2", "zh", "在48小时内答复您"),
        ("3.2", "en", "within 48 hours"),
        ("4.2", "en", "2000 yuan at most, all in all. For members of level V5 it is 3000 yuan."),
    ],
)
def test_the_text_says_the_rules_own_numbers(number: str, language: Language, said: str) -> None:
    assert said in clause_texts(RULES, language)[number]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_clause_is_published_under_its_number(language: Language) -> None:
    text = published_text(RULES, language)
    for clause in RULES.clauses():
        assert f"\n- **{clause.number}** " in text
    assert not re.search(r"[{}]", text)


def test_a_changed_number_changes_the_text() -> None:
    changed = FRESH_PROMISE.replace("at_once_max = 2000", "at_once_max = 3050")
    rules = read_rules(changed, name="r.toml")
    assert "up to 30.50 yuan" in clause_texts(rules, "en")["3.1"]


def test_shares_and_times_are_written_as_people_write_them() -> None:
    changed = FRESH_PROMISE.replace("per_mille = 500", "per_mille = 333")
    rules = read_rules(changed.replace("late_s = 3600", "late_s = 5400"), name="r.toml")
    assert "33.3 %" in clause_texts(rules, "en")["2.1"]
    assert "90 minutes" in clause_texts(rules, "en")["2.1"]


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (2000, "CNY", "20 yuan"),
        (2050, "CNY", "20.50 yuan"),
        (5, "CNY", "0.05 yuan"),
        (0, "CNY", "0 yuan"),
        (2050, "JPY", "2050 yen"),
    ],
)
def test_amounts_are_written_in_whole_units_and_their_parts(
    amount: int, currency: str, written: str
) -> None:
    assert write_amount(amount, currency, "en") == written
