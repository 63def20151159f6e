"""How is ingest doing, for a person with a shell? Read from the database alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.ingest.store import Store

_RECENT: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An ingestor and its shards."""

    name: str
    shards: tuple[int, ...]
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStatus:
    """What was stored of late, by whom, and what waits for a person."""

    at: datetime
    owners: tuple[Owner, ...]
    messages_per_s: float  # over the last five minutes, like the next two
    readings_per_s: float  # new ones
    median_lag_s: float | None  # from measured to stored, newest reading of each logger
    newest_stored_at: datetime | None
    loggers: int  # with readings
    gateways: int
    gateways_online: int
    dead_letters: int  # not replayed
    newest_dead_letter_at: datetime | None


def describe(database_url: str) -> IngestStatus:
    """Ask the database."""
    at = datetime.now(UTC)
    since = at - _RECENT
    with Store.connect(database_url, owner="frostline ingest status") as store:
        stored, latest = store.stored_since(since), store.latest_summary(since)
        gateways, letters = store.gateway_summary(), store.count_dead_letters()
        owners = _owners(store)
    return IngestStatus(
        at=at,
        owners=owners,
        messages_per_s=stored.messages / _RECENT.total_seconds(),
        readings_per_s=stored.readings / _RECENT.total_seconds(),
        median_lag_s=latest.median_lag_s,
        newest_stored_at=latest.newest_stored_at,
        loggers=latest.loggers,
        gateways=gateways.gateways,
        gateways_online=gateways.online,
        dead_letters=letters.dead_letters,
        newest_dead_letter_at=letters.newest_at,
    )


def render(status: IngestStatus) -> str:
    """Write it for a person."""
    owners = [
        f"shards        {_shards(owner.shards)} owned by {owner.name} since {_at(owner.since)}"
        for owner in status.owners
    ]
    rates = (
        f"{status.readings_per_s:,.1f} new readings/s in {status.messages_per_s:,.1f} messages/s"
    )
    lag = "nothing stored" if status.median_lag_s is None else f"{status.median_lag_s:.1f} s median"
    letters = f"{status.dead_letters} waiting"
    if status.newest_dead_letter_at:
        letters += f", the newest of {_at(status.newest_dead_letter_at)}"
    return "\n".join(
        [
            *(owners or ["shards        owned by nobody: no ingestor is running"]),
            f"last 5 min    {rates}",
            f"lag           {lag}",
            f"last stored   {_at(status.newest_stored_at)}",
            f"loggers       {status.loggers:,}",
            f"gateways      {status.gateways:,}, {status.gateways_online:,} online",
            f"dead letters  {letters}",
        ]
    )


def _owners(store: Store) -> tuple[Owner, ...]:
    shards: dict[tuple[str, datetime], list[int]] = {}
    for holder in store.lock_holders():
        shards.setdefault((holder.owner, holder.since), []).append(holder.shard)
    return tuple(
        Owner(name=name, shards=tuple(owned), since=since)
        for (name, since), owned in shards.items()
    )


def _shards(shards: tuple[int, ...]) -> str:
    """Write ranges: 00-1f, 2a."""
    runs: list[list[int]] = []
    for shard in shards:
        if runs and runs[-1][1] == shard - 1:
            runs[-1][1] = shard
        else:
            runs.append([shard, shard])
    return ", ".join(
        f"{first:02x}" if first == last else f"{first:02x}-{last:02x}" for first, last in runs
    )


def _at(time: datetime | None) -> str:
    return "never" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
