"""What of a place asks for somebody to act now?"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from gateway.judge.order_conditions import open_excursions
from gateway.judge.watches import Watch, WatchJudgement
from gateway.rules.alerting_plan import AlertingPlan
from gateway.rules.alerts import Condition
from gateway.rules.conditions import Concern, reefer_condition
from gateway.rules.reefer import reefer_failure
from schemas.segments import Recording, gap_limit_ms

# What the air of a place was an hour ago says nothing of its cooling now; more is not looked at.
_RECENT_MS: Final = 3_600_000


def conditions_of_place(
    watch: Watch, found: WatchJudgement, *, late: frozenset[tuple[str, int]], plan: AlertingPlan
) -> Iterator[Condition]:
    """Return what holds of a place today; `late`: limit and begin of what was found late."""
    concern = Concern(place_id=watch.place_id)
    excursions = [e for e in found.judgement.excursions if (e.limit, e.from_ms) not in late]
    yield from open_excursions(excursions, concern, plan)
    for recording in watch.recordings:
        yield from _failed_cooling(watch, recording, concern, plan)


def _failed_cooling(
    watch: Watch, recording: Recording, concern: Concern, plan: AlertingPlan
) -> Iterator[Condition]:
    upper_c = watch.policy.upper_c
    at_ms, temperature_c = recording.curve.measured_at_ms, recording.curve.temperature_c
    recent = slice(int(np.searchsorted(at_ms, watch.as_of_ms - _RECENT_MS)), None)
    if upper_c is None or len(at_ms[recent]) == 0:
        return
    failure = reefer_failure(
        at_ms[recent],
        temperature_c[recent],
        upper_c=upper_c,
        gap_limit_ms=gap_limit_ms(at_ms, record_interval_s=recording.record_interval_s),
        suspended=watch.suspended,
    )
    if failure is not None:
        yield reefer_condition(failure, concern, plan)
