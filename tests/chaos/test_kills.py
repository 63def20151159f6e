"""Whatever is killed under load, every measured reading is stored exactly once."""

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from frostline.proof import Proof
from frostline.stack.waiting import wait_until

if TYPE_CHECKING:
    from tests.chaos.conftest import Chaos

Proven = Callable[[Proof], None]


def test_ingest_is_killed_ten_times(chaos: "Chaos", proven: Proven) -> None:
    for number in range(10):
        chaos.ingest.kill()
        chaos.ingest = chaos.system.start_ingest()
        chaos.wait_for_more(f"readings after kill {number}")
    proven(chaos.prove())


def test_the_edge_is_killed_ten_times(chaos: "Chaos", proven: Proven) -> None:
    for number in range(10):
        chaos.edge.kill()
        chaos.edge = chaos.start_edge()
        chaos.wait_for_more(f"readings after kill {number}")
    proven(chaos.prove())


def test_broker_and_database_are_killed_twice_each(chaos: "Chaos", proven: Proven) -> None:
    services = chaos.system.services
    for number in range(2):
        services.broker.kill()
        services.broker.start()
        chaos.wait_for_more(f"readings after the broker's kill {number}")
        services.postgres.kill()
        services.postgres.start()
        chaos.wait_for_more(f"readings after the database's kill {number}")
    proven(chaos.prove())


def test_everything_is_killed_at_once(chaos: "Chaos", proven: Proven) -> None:
    services = chaos.system.services
    for part in (chaos.edge, chaos.ingest, services.broker, services.postgres):
        part.kill()
    services.postgres.start()
    services.broker.start()
    chaos.system.start_ingest()
    chaos.start_edge()
    chaos.wait_for_more("readings after all were killed")
    proven(chaos.prove())


def test_the_edge_is_killed_between_publish_and_stored(chaos: "Chaos", proven: Proven) -> None:
    """The ingestor stands still: batches are published, PUBACKed by the broker, not confirmed."""
    chaos.ingest.signal(signal.SIGSTOP)
    wait_until(lambda: chaos.held().batches >= 3, what="published batches without an answer")
    chaos.edge.kill()
    chaos.edge = chaos.start_edge()
    chaos.ingest.signal(signal.SIGCONT)
    chaos.wait_for_more("readings after the ingestor went on")
    proven(chaos.prove())


def test_a_stored_for_a_deleted_outbox_deletes_nothing_of_the_next(
    chaos: "Chaos", proven: Proven
) -> None:
    """The answer waits in the broker; meanwhile the outbox is gone and row ids begin again at 1."""
    chaos.ingest.signal(signal.SIGSTOP)
    wait_until(lambda: chaos.held().batches >= 3, what="published batches without an answer")
    chaos.move_edge_away()
    wait_until(chaos.all_published, timeout_s=30, what="all that is held to be published")
    chaos.edge.kill()
    held = chaos.held()
    before = chaos.readings()
    chaos.ingest.signal(signal.SIGCONT)
    wait_until(
        lambda: chaos.readings() >= before + held.readings, what="what the dead edge published"
    )
    for path in held.path.parent.glob(f"{held.path.name}*"):
        path.unlink()
    chaos.edge = chaos.start_edge()
    chaos.wait_for_more("readings of the next outbox")
    assert chaos.held().outbox != held.outbox
    proven(chaos.prove())


@pytest.mark.parametrize(
    "away_s", [15, pytest.param(300, marks=pytest.mark.soak)], ids=["15 s", "5 min"]
)
def test_the_database_is_away(chaos: "Chaos", proven: Proven, away_s: int) -> None:
    postgres = chaos.system.services.postgres
    postgres.kill()
    back_s = time.monotonic() + away_s
    wait_until(lambda: time.monotonic() >= back_s, timeout_s=away_s + 1, what="the outage to pass")
    assert chaos.ingest.is_running
    assert chaos.held().readings > 100
    postgres.start()
    chaos.wait_for_more("readings after the outage")
    proven(chaos.prove())


def test_an_ingestor_that_knows_no_password_is_told(chaos: "Chaos") -> None:
    chaos.ingest.stop()
    wrong = chaos.system.start_ingest({"FROSTLINE_INGEST_BROKER_PASSWORD": "wrong"}, shards="00")
    assert wrong.wait(30) == 2
    assert "Not authorized" in wrong.log.read_text()
