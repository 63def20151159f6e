"""What limits and budgets find, held against the words of docs/policies.md taken minute by minute.

The oracle is slow and plain, and has nothing of `gateway.rules` but the types of a policy. Its time
is whole minutes; a minute is counted for the reading that holds in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules.judgement import Excursion, Judgement
from gateway.rules.policy import Budget, Counting, Limit, Measured, Policy
from tests.rules_world import Case, minute, policy, recording

Rule = Limit | Budget
# limit, state, from, until, broken at, minutes beyond, degree minutes
Told = tuple[str, str, float | None, float | None, float | None, int, float]
GAP_LIMIT = 3  # three records of a minute


@dataclass
class Reading:
    """A judged reading, and the minutes in which it held."""

    at: int
    air_c: float
    held: list[int]
    behind_gap: bool
    goods_c: float = 0.0


@dataclass
class Oracle:
    """A curve under a policy, until minute `end`; `ended`: its life is over then."""

    policy: Policy
    curve: Sequence[tuple[int, float]]
    end: int
    ended: bool
    suspended: set[int]

    def __post_init__(self) -> None:
        last = self.curve[-1][0]
        silence = [m for m in range(last, self.end) if m not in self.suspended]
        self.silent = len(silence) > GAP_LIMIT
        self.readings = self._judged()
        self._follow()

    def _judged(self) -> list[Reading]:
        found, behind_gap = [], False
        nexts = [at for at, _ in self.curve[1:]] + [self.end]
        for (at, air_c), following in zip(self.curve, nexts, strict=True):
            is_last = at == self.curve[-1][0]
            unknown = self.silent if is_last else following - at > GAP_LIMIT
            if at not in self.suspended:
                held = [m for m in range(at, following) if m not in self.suspended]
                found.append(Reading(at, air_c, [] if unknown else held, behind_gap))
                behind_gap = False
            behind_gap = behind_gap or unknown
        if found and not self.ended:
            found[-1].held = []
        return found

    def _follow(self) -> None:
        """Let the goods follow the air: they go towards it by e^(-Δt/τ) of the difference."""
        goods_c = 0.0
        for number, reading in enumerate(self.readings):
            before = self.readings[number - 1]
            if number == 0 or reading.behind_gap:
                goods_c = reading.air_c
            else:
                left = math.exp(-len(before.held) * 60 / self.policy.product_time_constant_s)
                goods_c = before.air_c + (goods_c - before.air_c) * left
            reading.goods_c = round(goods_c, 6)

    def excess_c(self, rule: Rule, reading: Reading) -> float:
        """Return by how much a reading is beyond a limit; less than 0: it is not."""
        of_goods = rule.measured is Measured.PRODUCT
        above_c = (reading.goods_c if of_goods else reading.air_c) - rule.limit_c
        return above_c if rule.side == "upper" else -above_c

    def beyond(self, rule: Rule, reading: Reading) -> bool:
        excess_c = self.excess_c(rule, reading)
        return excess_c > 0 or (excess_c == 0 and isinstance(rule, Limit) and rule.counts_at_limit)

    def back(self, limit: Limit, reading: Reading) -> bool:
        if limit.hysteresis_c == 0:
            return not self.beyond(limit, reading)
        return round(self.excess_c(limit, reading) + limit.hysteresis_c, 4) <= 0

    def at(self, number: int) -> int:
        return self.readings[number].at if number < len(self.readings) else self.end

    # Limits in a row ------------------------------------------------------------------------------

    def in_a_row(self, limit: Limit) -> list[Told]:
        found, number = [], 0
        while number < len(self.readings):
            broken = self._broken(limit, number)
            if broken is None:
                number += 1
                continue
            stop = self._return(limit, broken)
            found.append(self._told(limit, number, stop, broken))
            number = len(self.readings) if stop is None else stop
        return found

    def _broken(self, limit: Limit, first: int) -> int | None:
        """Return the reading by which a stretch that begins with `first` has lasted too long."""
        if not self.beyond(limit, self.readings[first]):
            return None
        minutes = 0
        for number in range(first, len(self.readings) + 1):
            if minutes * 60 >= limit.duration_s:
                return number
            if number == len(self.readings) or not self.beyond(limit, self.readings[number]):
                return None
            minutes += len(self.readings[number].held)
        return None

    def _return(self, limit: Limit, broken: int) -> int | None:
        """Return the first reading back, after which it stayed so for as long as is asked."""
        for number in range(broken, len(self.readings)):
            before = self.readings[number - 1] if number else None
            if before is not None and self.back(limit, before):
                continue
            minutes = 0
            for reading in self.readings[number:]:
                if not self.back(limit, reading):
                    break
                minutes += len(reading.held)
            came_back = self.back(limit, self.readings[number])
            if came_back and minutes * 60 >= limit.verify_normal_s:
                return number
        return None

    def _unverified(self, limit: Limit) -> int:
        """Return since when the last readings were back, though the life ended too soon after."""
        number = len(self.readings)
        while number and self.back(limit, self.readings[number - 1]):
            number -= 1
        return number

    # What adds up ---------------------------------------------------------------------------------

    def minutes_beyond(self, rule: Rule, until: int, since: int = -1) -> list[int]:
        return [
            m
            for reading in self.readings
            if self.beyond(rule, reading)
            for m in reading.held
            if since <= m < until
        ]

    def added_up(self, limit: Limit) -> list[Told]:
        """Return the stretches in which too much time before was beyond: the whole life's."""
        last = len(self.readings) if self.ended and not self.silent else len(self.readings) - 1
        for number in range(last + 1):
            if len(self.minutes_beyond(limit, self.at(number))) * 60 >= limit.duration_s:
                return [self._told(limit, self._first(limit), None, number)]
        return []

    def used_up(self, budget: Budget) -> list[Told]:
        allowed = (budget.allowed_s or 0) / 60 or budget.allowed_degree_minutes or 0
        for number in range(len(self.readings) + 1):
            if self.used(budget, self.at(number)) > allowed + 1e-6:
                return [self._told(budget, self._first(budget), None, number)]
        return []

    def used(self, budget: Budget, until: int) -> float:
        if budget.allowed_s is not None:
            return len(self.minutes_beyond(budget, until))
        return self.heat(budget, 0, until)

    def heat(self, rule: Rule, since: int, until: int) -> float:
        return sum(
            abs(self.excess_c(rule, reading))
            for reading in self.readings
            if self.beyond(rule, reading)
            for m in reading.held
            if since <= m < until
        )

    def _first(self, rule: Rule) -> int:
        return next(n for n, r in enumerate(self.readings) if self.beyond(rule, r))

    def _told(self, rule: Rule, first: int, stop: int | None, broken: int) -> Told:
        state, until = "open", None
        if stop is not None:
            state, until = "closed", self.at(stop)
        elif self.silent:
            state = "lost"
        elif self.ended:
            is_in_a_row = isinstance(rule, Limit) and rule.counting is Counting.CONSECUTIVE
            number = self._unverified(rule) if is_in_a_row else len(self.readings)  # type: ignore[arg-type]  # is_in_a_row
            state, until = "closed", self.at(number)
        since, last = self.at(first), self.end if until is None else until
        minutes = len(self.minutes_beyond(rule, last, since))
        heat = self.heat(rule, since, last)
        return (rule.name, state, since, until, self.at(broken), minutes, heat)


def found_by_the_oracle(oracle: Oracle) -> list[Told]:
    found = []
    for limit in oracle.policy.limits:
        in_a_row = limit.counting is Counting.CONSECUTIVE
        found += oracle.in_a_row(limit) if in_a_row else oracle.added_up(limit)
    for budget in oracle.policy.budgets:
        found += oracle.used_up(budget)
    return sorted(found, key=_by_name)


def told(excursion: Excursion) -> Told:
    return (
        excursion.limit,
        excursion.state,
        minute(excursion.from_ms),
        minute(excursion.until_ms),
        minute(excursion.broken_at_ms),
        excursion.duration_s // 60,
        excursion.degree_minutes,
    )


def as_found(judgement: Judgement) -> list[Told]:
    return sorted(map(told, judgement.excursions), key=_by_name)


def _by_name(one: Told) -> tuple[str, float]:
    return one[0], one[2] or 0


# Any policy, any curve ----------------------------------------------------------------------------

sides = st.sampled_from(["upper", "lower"])
degrees = st.sampled_from([2.0, 3.9, 4.0, 7.9, 8.0, 8.1])
measured = st.sampled_from(list(Measured))
in_a_row = st.builds(
    Limit,
    name=st.just("row"),
    side=sides,
    limit_c=degrees,
    duration_s=st.sampled_from([0, 60, 300, 600, 1800]),
    severity=st.just("warning"),
    counts_at_limit=st.booleans(),
    measured=measured,
    hysteresis_c=st.sampled_from([0.0, 0.3, 1.0]),
    verify_normal_s=st.sampled_from([0, 60, 300]),
)
added_up = st.builds(
    Limit,
    name=st.just("sum"),
    side=sides,
    limit_c=degrees,
    duration_s=st.sampled_from([60, 600, 1800]),
    severity=st.just("warning"),
    measured=measured,
    counting=st.just(Counting.CUMULATIVE),
)
budgets = st.builds(
    Budget,
    name=st.just("budget"),
    side=sides,
    limit_c=degrees,
    severity=st.just("warning"),
    allowed_s=st.sampled_from([300, 1800]),
    measured=measured,
) | st.builds(
    Budget,
    name=st.just("budget"),
    side=sides,
    limit_c=degrees,
    severity=st.just("warning"),
    allowed_degree_minutes=st.sampled_from([1.5, 30.5, 90.5]),
    measured=measured,
)
policies = st.builds(
    lambda row, adding, budget, time_constant_s: policy(
        row, adding, budgets=(budget,), product_time_constant_s=time_constant_s
    ),
    in_a_row,
    added_up,
    budgets,
    st.sampled_from([600.0, 2940.0]),
)
# So many readings of a temperature, minutes from one to the next.
stretches = st.lists(
    st.tuples(
        st.sampled_from([-1.0, 3.9, 4.0, 7.0, 7.7, 7.9, 8.0, 8.1, 8.3, 12.0]),
        st.integers(1, 15),
        st.sampled_from([1, 1, 2, 3, 4, 20]),
    ),
    min_size=1,
    max_size=8,
)
spans = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 20)), max_size=3)


def curve_of(parts: Sequence[tuple[float, int, int]]) -> list[tuple[int, float]]:
    at, curve = 0, []
    for temperature_c, count, apart in parts:
        for _ in range(count):
            curve.append((at, temperature_c))
            at += apart
    return curve


@given(policies, stretches, spans, st.integers(0, 8), st.booleans())
@settings(max_examples=250, deadline=None)
def test_rules_find_what_the_words_say(
    rules: Policy,
    parts: list[tuple[float, int, int]],
    suspended: list[tuple[int, int]],
    after: int,
    ended: bool,
) -> None:
    curve = curve_of(parts)
    end = curve[-1][0] + after
    judgement = Case(
        policy=rules,
        own=[recording(curve)],
        as_of=end,
        until=end if ended else None,
        suspended=[(begin, begin + lasts) for begin, lasts in suspended],
    ).judgement()
    oracle = Oracle(
        policy=rules,
        curve=curve,
        end=end,
        ended=ended,
        suspended={m for begin, lasts in suspended for m in range(begin, begin + lasts)},
    )
    found, expected = as_found(judgement), found_by_the_oracle(oracle)
    assert [one[:-1] for one in found] == [one[:-1] for one in expected]
    assert [one[-1] for one in found] == pytest.approx([one[-1] for one in expected], abs=1e-4)
