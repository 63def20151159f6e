"""How are the receivers doing, for a person with a shell? Read from the database alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.notify.store import EndpointState, LockHolder, Store, Waiting

_RECENT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyStatus:
    """Who is at work, what waits, and each endpoint's last day."""

    at: datetime
    notifier: LockHolder | None
    waiting: Waiting
    endpoints: tuple[EndpointState, ...]


def describe(database_url: str) -> NotifyStatus:
    """Ask the database."""
    at = datetime.now(UTC)
    with Store.connect(database_url, name="frostline notify status") as store:
        return NotifyStatus(
            at=at,
            notifier=store.lock_holder(),
            waiting=store.count_waiting(),
            endpoints=tuple(store.endpoint_states(since=at - _RECENT)),
        )


def render(status: NotifyStatus) -> str:
    """Write it for a person."""
    notifier = status.notifier
    at_work = f"{notifier.name} since {_at(notifier.since)}" if notifier else "nobody: start one"
    waiting = f"{status.waiting.waiting:,}"
    if status.waiting.oldest_at:
        waiting += f", the oldest for {_age(status.at - status.waiting.oldest_at)}"
    return "\n".join(
        [
            f"at work    {at_work}",
            f"waiting    {waiting}",
            f"endpoints  {len(status.endpoints):,}",
            *(line for state in status.endpoints for line in _lines(state, status.at)),
        ]
    )


def _lines(state: EndpointState, now: datetime) -> list[str]:
    waiting = f"{state.waiting:,} waiting"
    if state.oldest_at:
        waiting += f", the oldest for {_age(now - state.oldest_at)}"
    lines = [
        "",
        f"{state.endpoint_id}  {state.url}",
        f"  {_word(state)}; {waiting}",
        f"  last day: {state.delivered:,} delivered, {state.given_up:,} given up",
    ]
    if state.failed_at:
        how = state.failed_error or f"answered {state.failed_status}"
        lines.append(f"  last failure {_at(state.failed_at)}: {how}")
    return lines


def _word(state: EndpointState) -> str:
    if state.disabled_at:
        return f"disabled since {_at(state.disabled_at)}: {state.disabled_why}"
    return "enabled" if state.enabled else "not enabled"


def _at(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _age(age: timedelta) -> str:
    """Write a length of time to the second, or in days and hours."""
    if age < timedelta(days=1):
        return str(timedelta(seconds=max(0, int(age.total_seconds()))))
    return f"{age.days} d {age.seconds // 3600} h"
