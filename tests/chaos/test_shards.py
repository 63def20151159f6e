"""Ingestors share the shards, and a shard moves under load, without a loss."""

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from frostline.proof import Proof
from frostline.stack.waiting import wait_until
from schemas.ids import GatewayId
from schemas.topics import shard_of

if TYPE_CHECKING:
    from tests.chaos.conftest import StartChaos

# edge-1 and edge-4 lie in the upper half of the shards, the others in the lower.
GATEWAYS = ("edge-1", "edge-2", "edge-3", "edge-4")


def test_the_gateways_lie_in_both_halves() -> None:
    halves = [shard_of(GatewayId(name)) // 32 for name in GATEWAYS]
    assert set(halves) == {0, 1}


def test_two_ingestors_share_and_a_half_moves(
    start_chaos: "StartChaos", proven: Callable[[Proof], None]
) -> None:
    chaos = start_chaos(*GATEWAYS)
    chaos.system.start_ingest(shards="00-1f")
    upper = chaos.system.start_ingest({"FROSTLINE_INGEST_RELEASE": "true"}, shards="20-3f")
    for name in GATEWAYS:
        chaos.start_edge(name)
    chaos.wait_for_more("readings by two ingestors")

    # The new owners, of a quarter each, subscribe first; then the old one drains and lets go.
    quarters = [
        chaos.system.start_ingest({"FROSTLINE_INGEST_TAKEOVER": "true"}, shards=shards)
        for shards in ("20-2f", "30-3f")
    ]
    upper.signal(signal.SIGTERM)
    assert upper.wait(60) == 0
    chaos.wait_for_more("readings by three ingestors")
    assert all(quarter.is_running for quarter in quarters)
    proven(chaos.prove(*GATEWAYS))


def test_a_second_owner_is_refused(start_chaos: "StartChaos") -> None:
    chaos = start_chaos()
    first = chaos.system.start_ingest(shards="00-1f")
    wait_until(lambda: "shards owned" in first.log.read_text(), what="the first owner")
    second = chaos.system.start_ingest(shards="1f-3f")
    assert second.wait(30) == 2
    assert "shard 1f is owned by" in second.log.read_text()
    assert first.is_running
