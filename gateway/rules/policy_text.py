"""What does a policy say, in plain words?"""

from collections.abc import Iterator
from typing import Final

from gateway.rules.policy import Budget, Counting, Limit, Measured, Policy

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def in_words(policy: Policy) -> str:
    """Return a policy as lines of text, each limit a sentence."""
    return "\n".join([_headline(policy), *(f"  {line}" for line in _lines(policy))])


def duration_in_words(duration_s: int) -> str:
    """Return seconds in the largest units that fit: 5400 is "1 h 30 min"."""
    parts = []
    for unit_s, unit in _UNITS:
        count, duration_s = divmod(duration_s, unit_s)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def _headline(policy: Policy) -> str:
    goods = f"{policy.zone} goods" if policy.product_class is None else policy.product_class
    return f"{policy.policy_id}, version {policy.version}: {goods}, {_range(policy)}"


def _range(policy: Policy) -> str:
    if policy.lower_c is None:
        return f"at {policy.upper_c:g} °C or less"
    if policy.upper_c is None:
        return f"at {policy.lower_c:g} °C or more"
    return f"{policy.lower_c:g} to {policy.upper_c:g} °C"


def _lines(policy: Policy) -> Iterator[str]:
    yield f"source: {policy.source}"
    yield from map(_limit, policy.limits)
    yield from map(_budget, policy.budgets)
    yield from _circumstances(policy)
    if policy.shelf_life is not None:
        life = policy.shelf_life
        yield (
            f"the goods keep {duration_in_words(life.life_s)} at {life.reference_c:g} °C, "
            f"other temperatures by {life.activation_energy_kj_per_mol:g} kJ/mol"
        )
    share = f"{100 * policy.largest_unknown_share:g} %"
    yield f"unknown, where more than {share} of the time was not measured"


def _circumstances(policy: Policy) -> Iterator[str]:
    if policy.product_time_constant_s:
        lag = duration_in_words(round(policy.product_time_constant_s))
        yield f"the goods follow the air with a time constant of {lag}"
    for after, ignored_s in (
        ("packing", policy.ignore_after_packing_s),
        ("each loading", policy.ignore_after_loading_s),
    ):
        if ignored_s:
            yield f"not judged for {duration_in_words(ignored_s)} after {after}"
    for defrost in policy.defrosts:
        lasts = duration_in_words(defrost.lasts_s)
        yield f"not judged for {lasts} from {defrost.starts_at} each day ({defrost.time_zone})"


def _beyond(rule: Limit | Budget) -> str:
    at = isinstance(rule, Limit) and rule.counts_at_limit
    beyond = {"upper": ("above", "at or above"), "lower": ("below", "at or below")}[rule.side][at]
    thing = "the goods" if rule.measured is Measured.PRODUCT else "the air"
    return f"{thing} {beyond} {rule.limit_c:g} °C"


def _limit(limit: Limit) -> str:
    return f"{limit.severity} {limit.name}: {_beyond(limit)} {_for(limit)}{_until(limit)}"


def _for(limit: Limit) -> str:
    if limit.duration_s == 0:
        return "at all"
    duration = duration_in_words(limit.duration_s)
    if limit.counting is Counting.CONSECUTIVE:
        return f"for {duration}"
    if limit.window_s is None:
        return f"for {duration} in all"
    return f"for {duration} in all within {duration_in_words(limit.window_s)}"


def _until(limit: Limit) -> str:
    parts = []
    if limit.hysteresis_c:
        parts.append(f"back by {limit.hysteresis_c:g} °C")
    if limit.verify_normal_s:
        parts.append(f"back for {duration_in_words(limit.verify_normal_s)}")
    return f"; over once {' and '.join(parts)}" if parts else ""


def _budget(budget: Budget) -> str:
    if budget.allowed_s is not None:
        allowed = duration_in_words(budget.allowed_s)
    else:
        allowed = f"{budget.allowed_degree_minutes:g} degree minutes"
    return f"{budget.severity} {budget.name}: {_beyond(budget)} for more than {allowed} in all"
