"""Which values of a policy contradict each other, or cannot be meant?"""

import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from typing import Final, TypeAlias
from zoneinfo import available_timezones

from gateway.rules.policy import Budget, Counting, Defrost, Limit, Measured, Policy, ShelfLife
from gateway.rules.toml_lines import TomlPath
from schemas.reading import TEMPERATURE_RANGE_C

Mistakes: TypeAlias = Iterator[tuple[TomlPath, str]]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TIME: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_S_PER_DAY: Final = 86_400
# Longer than goods keep, and short enough for every clock and calendar.
_MOST_S: Final = 3_660 * _S_PER_DAY
# Food ages with 20 to 400 kJ/mol; beyond this a float holds no rate at -100 °C.
_MOST_KJ_PER_MOL: Final = 1000.0


def mistakes_of(policy: Policy) -> Mistakes:
    """Return each mistake: where it stands, and a sentence with what to change."""
    yield from _head_mistakes(policy)
    yield from _amount_mistakes(policy)
    yield from _range_mistakes(policy)
    yield from _size_mistakes((), policy)
    for place, limit in enumerate(policy.limits):
        path: TomlPath = ("limits", place)
        yield from _size_mistakes(path, limit)
        yield from _rule_mistakes(path, limit, policy)
        yield from _limit_mistakes(path, limit)
    for place, budget in enumerate(policy.budgets):
        path = ("budgets", place)
        yield from _size_mistakes(path, budget)
        yield from _rule_mistakes(path, budget, policy)
        yield from _budget_mistakes(path, budget)
    yield from _duplicate_mistakes(policy)
    yield from _opposite_mistakes(policy)
    yield from _shelf_life_mistakes(policy)
    for place, defrost in enumerate(policy.defrosts):
        yield from _defrost_mistakes(("defrosts", place), defrost)


def _head_mistakes(policy: Policy) -> Mistakes:
    for key, word in (("policy_id", policy.policy_id), ("product_class", policy.product_class)):
        if word is not None and not _NAME.fullmatch(word):
            yield (key,), f'{key} is "{word}"; use small letters, digits and "-"'
    if policy.version < 1:
        yield ("version",), f"version is {policy.version}; versions begin at 1"
    if not policy.source.strip():
        yield ("source",), "source is empty; say which law, standard or promise this is"
    if not policy.limits:
        yield (), "there are no limits; add a [[limits]] table"


def _amount_mistakes(policy: Policy) -> Mistakes:
    for key in ("product_time_constant_s", "ignore_after_packing_s", "ignore_after_loading_s"):
        if getattr(policy, key) < 0:
            yield (key,), f"{key} is {getattr(policy, key)}; give 0 or more seconds"
    share, energy = policy.largest_unknown_share, policy.mkt_activation_energy_kj_per_mol
    if not 0 <= share <= 1:
        yield ("largest_unknown_share",), f"largest_unknown_share is {share}; give 0 to 1"
    if energy <= 0:
        key = "mkt_activation_energy_kj_per_mol"
        yield (key,), f"{key} is {energy}; give more than 0, such as 83.144"


def _size_mistakes(path: TomlPath, table: Policy | Limit | Budget | ShelfLife) -> Mistakes:
    for key in (field.name for field in fields(table)):
        amount = getattr(table, key)
        if key.endswith("_s") and (amount or 0) > _MOST_S:
            yield (*path, key), f"{key} is {amount}; give at most {_MOST_S} s, ten years"
        if key.endswith("_kj_per_mol") and amount > _MOST_KJ_PER_MOL:
            yield (*path, key), f"{key} is {amount}; give at most {_MOST_KJ_PER_MOL} kJ/mol"


def _range_mistakes(policy: Policy) -> Mistakes:
    lower_c, upper_c = policy.lower_c, policy.upper_c
    if lower_c is None and upper_c is None:
        yield (), "there is no range; give lower_c, upper_c, or both: charts show it"
    for key, value in (("lower_c", lower_c), ("upper_c", upper_c)):
        if value is not None:
            yield from _temperature_mistakes((key,), value)
    if lower_c is not None and upper_c is not None and lower_c >= upper_c:
        yield ("lower_c",), f"lower_c is {lower_c}, upper_c {upper_c}; lower_c must be less"


def _temperature_mistakes(path: TomlPath, value_c: float) -> Mistakes:
    least, most = TEMPERATURE_RANGE_C
    if not least <= value_c <= most:
        yield path, f"{path[-1]} is {value_c}; loggers measure {least} to {most} °C"


def _rule_mistakes(path: TomlPath, rule: Limit | Budget, policy: Policy) -> Mistakes:
    if not _NAME.fullmatch(rule.name):
        yield (*path, "name"), f'name is "{rule.name}"; use small letters, digits and "-"'
    yield from _temperature_mistakes((*path, "limit_c"), rule.limit_c)
    if rule.measured is Measured.PRODUCT and policy.product_time_constant_s == 0:
        reason = 'measured is "product"; give product_time_constant_s, or measure the air'
        yield (*path, "measured"), reason


def _limit_mistakes(path: TomlPath, limit: Limit) -> Mistakes:
    for key in ("duration_s", "verify_normal_s", "hysteresis_c"):
        if getattr(limit, key) < 0:
            yield (*path, key), f"{key} is {getattr(limit, key)}; give 0 or more"
    if limit.counting is Counting.CUMULATIVE:
        yield from _cumulative_mistakes(path, limit)
    elif limit.window_s is not None:
        reason = 'window_s needs counting = "cumulative"; add that, or leave window_s out'
        yield (*path, "window_s"), reason


def _cumulative_mistakes(path: TomlPath, limit: Limit) -> Mistakes:
    if limit.duration_s == 0:
        yield (*path, "duration_s"), "duration_s is 0; give the time that may add up, in seconds"
    if limit.window_s is not None and limit.window_s < limit.duration_s:
        reason = f"window_s is {limit.window_s}, duration_s {limit.duration_s}; no window holds it"
        yield (*path, "window_s"), f"{reason}: make window_s longer"
    for key in ("hysteresis_c", "verify_normal_s"):
        if getattr(limit, key):
            reason = f"{key} has no meaning for a cumulative limit: it ends with its window"
            yield (*path, key), f"{reason}; leave {key} out"


def _budget_mistakes(path: TomlPath, budget: Budget) -> Mistakes:
    allowed = {
        key: amount
        for key in ("allowed_s", "allowed_degree_minutes")
        if (amount := getattr(budget, key)) is not None
    }
    if len(allowed) != 1:
        yield path, "give exactly one of allowed_s and allowed_degree_minutes"
    for key, amount in allowed.items():
        if amount <= 0:
            yield (*path, key), f"{key} is {amount}; give more than 0, or make it a limit"


def _duplicate_mistakes(policy: Policy) -> Mistakes:
    """Refuse a name twice: excursions are told apart by it."""
    paths: list[TomlPath] = [("limits", place) for place in range(len(policy.limits))]
    paths += [("budgets", place) for place in range(len(policy.budgets))]
    rules: tuple[Limit | Budget, ...] = (*policy.limits, *policy.budgets)
    seen: set[str] = set()
    for path, rule in zip(paths, rules, strict=True):
        if rule.name in seen:
            yield (*path, "name"), f'"{rule.name}" is there already; name it otherwise'
        seen.add(rule.name)


def _opposite_mistakes(policy: Policy) -> Mistakes:
    """Refuse limits that leave no temperature that is right."""
    placed = list(enumerate(policy.limits))
    uppers = [(place, limit) for place, limit in placed if limit.side == "upper"]
    lowers = [(place, limit) for place, limit in placed if limit.side == "lower"]
    for (_, upper), (place, lower) in product(uppers, lowers):
        if upper.limit_c <= lower.limit_c:
            limits = (
                f'"{lower.name}" is below {lower.limit_c}, "{upper.name}" above {upper.limit_c}'
            )
            reason = f"{limits} °C: no temperature is right; check side and limit_c"
            yield ("limits", place, "limit_c"), reason


def _shelf_life_mistakes(policy: Policy) -> Mistakes:
    if policy.shelf_life is None:
        return
    path: TomlPath = ("shelf_life",)
    yield from _size_mistakes(path, policy.shelf_life)
    yield from _temperature_mistakes((*path, "reference_c"), policy.shelf_life.reference_c)
    for key in ("life_s", "activation_energy_kj_per_mol"):
        amount = getattr(policy.shelf_life, key)
        if amount <= 0:
            yield (*path, key), f"{key} is {amount}; give more than 0"


def _defrost_mistakes(path: TomlPath, defrost: Defrost) -> Mistakes:
    if not _TIME.fullmatch(defrost.starts_at):
        reason = f'starts_at is "{defrost.starts_at}"; give a time of day such as "03:30"'
        yield (*path, "starts_at"), reason
    if not 0 < defrost.lasts_s < _S_PER_DAY:
        reason = f"lasts_s is {defrost.lasts_s}; give more than 0 and less than {_S_PER_DAY} s"
        yield (*path, "lasts_s"), reason
    if defrost.time_zone not in available_timezones():
        reason = f'time_zone is "{defrost.time_zone}"; give an IANA name such as "Asia/Shanghai"'
        yield (*path, "time_zone"), reason
