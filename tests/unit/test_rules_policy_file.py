"""A policy that cannot be used, or cannot be meant, is refused with its line and the remedy."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.canonical import canonical_json
from gateway.rules.policy import Counting, Measured
from gateway.rules.policy_file import (
    document_of_policy,
    policy_of_document,
    policy_sha256,
    read_policy,
)
from gateway.rules.toml_lines import BadFile

GOOD = """\
policy_id = "chilled"
version = 3
zone = "chilled"
source = "a test"
lower_c = 0
upper_c = 4
product_time_constant_s = 1800
largest_unknown_share = 0.25

[[limits]]
name = "warm"
side = "upper"
limit_c = 8
duration_s = 1800
severity = "critical"
hysteresis_c = 0.3

[[limits]]
name = "cold"
side = "lower"
limit_c = 2
duration_s = 1200
severity = "warning"
counting = "cumulative"
window_s = 86400

[[budgets]]
name = "heat"
side = "upper"
limit_c = 4
allowed_degree_minutes = 60
measured = "product"
severity = "notice"

[shelf_life]
life_s = 86400
reference_c = 4
activation_energy_kj_per_mol = 100

[[defrosts]]
starts_at = "03:30"
lasts_s = 1200
time_zone = "Asia/Shanghai"
"""


def refusal(text: str) -> str:
    with pytest.raises(BadFile) as refused:
        read_policy(text, name="p.toml")
    return str(refused.value)


def changed(line: int, to: str) -> str:
    """Return the good file with one line (from 1) replaced."""
    lines = GOOD.splitlines()
    lines[line - 1] = to
    return "\n".join(lines)


def test_what_a_file_says_is_what_is_read() -> None:
    policy = read_policy(GOOD, name="p.toml")
    assert (policy.policy_id, policy.version, policy.lower_c, policy.upper_c) == (
        "chilled",
        3,
        0,
        4,
    )
    warm, cold = policy.limits
    assert (warm.limit_c, warm.duration_s, warm.hysteresis_c) == (8.0, 1800, 0.3)
    assert (warm.counting, warm.measured, warm.window_s) == (
        Counting.CONSECUTIVE,
        Measured.AIR,
        None,
    )
    assert (cold.counting, cold.window_s) == (Counting.CUMULATIVE, 86_400)
    assert policy.budgets[0].allowed_degree_minutes == 60
    assert policy.budgets[0].measured is Measured.PRODUCT
    assert policy.defrosts[0].starts_at == "03:30"


@pytest.mark.parametrize(
    ("line", "to", "reason"),
    [
        # Names and kinds of values
        (1, 'policy_id = "Chilled goods"', 'policy_id is "Chilled goods"; use small letters'),
        (2, "version = 0", "version is 0; versions begin at 1"),
        (2, 'version = "3"', "version: Expected `int`, got `str`"),
        (3, 'zone = "cool"', 'zone is "cool"; it is one of frozen, chilled, ambient'),
        (4, 'source = " "', "source is empty; say which law, standard or promise this is"),
        (
            7,
            "product_time_constant = 1800",
            "product_time_constant is not known here; did you mean",
        ),
        (7, "product_time_constant_s = -1", "product_time_constant_s is -1.0; give 0 or more"),
        (8, "largest_unknown_share = 1.1", "largest_unknown_share is 1.1; give 0 to 1"),
        (8, "largest_unknown_share = nan", "largest_unknown_share is nan; give a number"),
        (8, "this is not TOML", "no TOML"),
        (7, "product_time_constant_s = 1e300", "is 1e+300; give at most 316224000 s, ten years"),
        (7, "mkt_activation_energy_kj_per_mol = 5000", "is 5000.0; give at most 1000.0 kJ/mol"),
        # The range
        (5, "lower_c = 4", "lower_c is 4.0, upper_c 4.0; lower_c must be less"),
        (6, "upper_c = 101", "upper_c is 101.0; loggers measure -100.0 to 100.0 °C"),
        # Limits
        (11, 'name = "too warm"', 'name is "too warm"; use small letters, digits and "-"'),
        (12, 'side = "above"', 'side is "above"; it is one of upper, lower'),
        (13, "limit_c = 8.00001", "limit_c is 8.00001; give at most 4 decimals"),
        (14, "duration_s = -1", "duration_s is -1; give 0 or more"),
        (14, 'duration_s = "30 min"', "duration_s: Expected `int`, got `str`"),
        (14, "duration_s = 316224001", "duration_s is 316224001; give at most 316224000 s"),
        (15, 'severity = "high"', 'severity is "high"; it is one of notice, warning, critical'),
        (16, "hysteresis_c = -0.3", "hysteresis_c is -0.3; give 0 or more"),
        (16, "hysterisis_c = 0.3", "hysterisis_c is not known here; did you mean hysteresis_c?"),
        (16, "window_s = 3600", 'window_s needs counting = "cumulative"'),
        (19, 'name = "warm"', '"warm" is there already; name it otherwise'),
        (21, "limit_c = 8", "no temperature is right; check side and limit_c"),
        (22, "duration_s = 0", "duration_s is 0; give the time that may add up, in seconds"),
        (24, 'counting = "total"', 'counting is "total"; it is one of consecutive, cumulative'),
        (25, "window_s = 1199", "window_s is 1199, duration_s 1200; no window holds it"),
        (25, "hysteresis_c = 0.1", "hysteresis_c has no meaning for a cumulative limit"),
        # Budgets
        (28, 'name = "cold"', '"cold" is there already; name it otherwise'),
        (31, "allowed_s = 0", "allowed_s is 0; give more than 0, or make it a limit"),
        # Shelf life, defrosts
        (36, "life_s = 0", "life_s is 0; give more than 0"),
        (36, "life_s = 316224001", "life_s is 316224001; give at most 316224000 s, ten years"),
        (37, "reference_c = 400", "reference_c is 400.0; loggers measure"),
        (38, "activation_energy_kj_per_mol = 0", "activation_energy_kj_per_mol is 0.0; give more"),
        (38, "activation_energy_kj_per_mol = 1001", "is 1001.0; give at most 1000.0 kJ/mol"),
        (41, 'starts_at = "3:30"', 'starts_at is "3:30"; give a time of day such as "03:30"'),
        (42, "lasts_s = 86400", "lasts_s is 86400; give more than 0 and less than 86400 s"),
        (43, 'time_zone = "China"', 'time_zone is "China"; give an IANA name'),
    ],
)
def test_a_mistake_is_refused_with_its_line(line: int, to: str, reason: str) -> None:
    told = refusal(changed(line, to))
    assert told.startswith(f"p.toml:{line}: ")
    assert reason in told


def test_a_budget_allows_time_or_heat_not_both_and_not_neither() -> None:
    reason = "p.toml:27: give exactly one of allowed_s and allowed_degree_minutes"
    assert refusal(changed(31, "")) == reason
    assert refusal(changed(31, "allowed_s = 60\nallowed_degree_minutes = 60")) == reason


def test_a_goods_temperature_needs_a_time_constant() -> None:
    told = refusal(changed(7, ""))
    assert told == (
        'p.toml:32: measured is "product"; give product_time_constant_s, or measure the air'
    )


def test_a_policy_without_a_range_or_without_limits_is_none() -> None:
    assert "there is no range; give lower_c, upper_c, or both" in refusal(
        GOOD.replace("lower_c = 0\nupper_c = 4\n", "")
    )
    head = GOOD[: GOOD.index("[[limits]]")]
    assert "there are no limits; add a [[limits]] table" in refusal(f"limits = []\n{head}")
    assert "limits" in refusal(head)


def test_the_first_of_several_mistakes_is_told() -> None:
    text = GOOD.replace("version = 3", "version = 0").replace("0.25", "2")
    assert refusal(text).startswith("p.toml:2: ")


def test_a_document_gives_the_same_policy_back() -> None:
    policy = read_policy(GOOD, name="p.toml")
    stored = msgspec.json.decode(canonical_json(document_of_policy(policy)))
    assert policy_of_document(stored) == policy


def test_the_hash_is_of_what_decides_not_of_how_it_is_written() -> None:
    policy = read_policy(GOOD, name="p.toml")
    spaced = GOOD.replace(" = ", "=").replace("limit_c=8", "limit_c=8.0 # as in the standard")
    assert policy_sha256(read_policy(spaced, name="q.toml")) == policy_sha256(policy)
    other = read_policy(changed(14, "duration_s = 1801"), name="p.toml")
    assert policy_sha256(other) != policy_sha256(policy)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadFile):
        read_policy(text, name="p.toml")


@settings(deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(1, 40))
def test_a_damaged_file_is_read_or_refused(begin: int, count: int) -> None:
    with suppress(BadFile):
        read_policy(GOOD[:begin] + GOOD[begin + count :], name="p.toml")
