"""How are the judges doing, for a person with a shell? Read from the database alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.judge.store import Store

_RECENT: Final = timedelta(minutes=5)

JUDGES: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'frostline judge' AND datname = current_database()
"""

SUMMARY: Final = """
SELECT (SELECT count(*) FROM touched) AS touched,
       (SELECT count(*) FROM looks WHERE next_look_at <= %(now)s) AS due,
       (SELECT min(next_look_at) FROM looks WHERE next_look_at <= %(now)s) AS due_since,
       (SELECT count(*) FROM looks WHERE looked_at > %(since)s) AS judged,
       (SELECT count(*) FROM verdicts WHERE judged_at > %(since)s) AS revisions,
       (SELECT count(*) FROM current_excursions WHERE state = 'open') AS open_excursions,
       (SELECT count(*) FROM alerts WHERE resolved_at IS NULL) AS open_alerts,
       (SELECT count(*) FROM current_decisions WHERE needs_review) AS to_review
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeStatus:
    """What waits, what was done of late, and what it found."""

    at: datetime
    judges: int
    touched: int  # marks not taken yet
    due: int
    due_since: datetime | None
    judged: int  # subjects, over the last five minutes, like the next one
    revisions: int
    open_excursions: int
    open_alerts: int
    to_review: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    touched: int
    due: int
    due_since: datetime | None
    judged: int
    revisions: int
    open_excursions: int
    open_alerts: int
    to_review: int


def describe(database_url: str) -> JudgeStatus:
    """Ask the database."""
    at = datetime.now(UTC)
    with Store.connect(database_url, name="frostline judge status") as store:
        judges = store.rows(JUDGES, {})[0][0]
        found = store.all_as(_Summary, SUMMARY, {"now": at, "since": at - _RECENT})[0]
    return JudgeStatus(
        at=at,
        judges=judges,
        touched=found.touched,
        due=found.due,
        due_since=found.due_since,
        judged=found.judged,
        revisions=found.revisions,
        open_excursions=found.open_excursions,
        open_alerts=found.open_alerts,
        to_review=found.to_review,
    )


def render(status: JudgeStatus) -> str:
    """Write it for a person."""
    judges = f"{status.judges} at work" if status.judges else "none is running"
    waiting = f"{status.touched:,} marks, {status.due:,} due"
    if status.due_since is not None:
        waiting += f", the first for {(status.at - status.due_since).total_seconds():.0f} s"
    return "\n".join(
        [
            f"judges        {judges}",
            f"waiting       {waiting}",
            f"last 5 min    {status.judged:,} judged, {status.revisions:,} verdicts revised",
            f"excursions    {status.open_excursions:,} open",
            f"alerts        {status.open_alerts:,} open",
            f"compensation  {status.to_review:,} for a person to review",
        ]
    )
