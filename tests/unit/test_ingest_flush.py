"""What a transaction takes over, and what is answered for it."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.ingest.delivery import Delivery
from gateway.ingest.flush import Flush, Window, join_columns, latest_at, make_flush
from gateway.ingest.known import NEVER_MS, KnownBoots, KnownLogger, KnownLoggers
from schemas.columns import columns_of, decode_batch, parse_batch, split_out_of_range
from schemas.ids import GatewayId
from schemas.topics import Kind, topic_of
from schemas.wire import WireBatch, to_wire
from tests.ingest_world import BOOT, OTHER, T0, TRUCK, A, B, batch_id, payload_of, reading, sender


def wire(number: int, **changes: Any) -> bytes:
    built = msgspec.to_builtins(to_wire(batch_id(number), sender(), [reading(0), reading(30)]))
    return json.dumps(built | changes).encode()


def delivery(
    payload: bytes, gateway_id: GatewayId = TRUCK, receipt: tuple[int, int] | None = None
) -> Delivery:
    return Delivery(topic=topic_of(gateway_id, Kind.READINGS), payload=payload, receipt=receipt)


def window_of(*messages: Delivery) -> Window:
    window = Window()
    for message in messages:
        assert window.add(message)
    return window


def known_loggers(stored_until_ms: int = NEVER_MS) -> KnownLoggers:
    loggers = KnownLoggers()
    loggers.learn(
        [
            KnownLogger(
                logger_id=logger_id,
                logger_key=key,
                frame_format="ruuvi-df5",
                stored_until_ms=stored_until_ms,
            )
            for logger_id, key in ((A, 11), (B, 12))
        ]
    )
    return loggers


def flush_of(window: Window, loggers: KnownLoggers | None = None) -> Flush:
    boots = KnownBoots()
    boots.learn({(TRUCK, BOOT): 1, (OTHER, BOOT): 2})
    return make_flush(window, join_columns(window), loggers or known_loggers(), boots)


def test_each_gateway_is_answered_for_its_own_batches_in_their_order() -> None:
    flush = flush_of(
        window_of(
            delivery(payload_of(2, [reading()])),
            delivery(payload_of(1, [reading(30)])),
            delivery(payload_of(1, [reading(logger=B)], OTHER), OTHER),
            delivery(wire(3, v=9), TRUCK),
        )
    )
    assert flush.answers[TRUCK].stored == (batch_id(2), batch_id(1))
    assert flush.answers[OTHER].stored == (batch_id(1),)
    assert flush.routed.fresh.logger_key.tolist() == [11, 11, 12]
    assert flush.routed.fresh.boot_key.tolist() == [1, 1, 2]


def test_receipts_keep_the_order_of_arrival() -> None:
    flush = flush_of(
        window_of(
            delivery(payload_of(1, [reading()]), receipt=(0, 5)),
            delivery(b"", receipt=(0, 6)),
            delivery(payload_of(2, [reading(1)]), receipt=(0, 7)),
        )
    )
    assert flush.receipts == [(0, 5), (0, 6), (0, 7)]
    assert flush.messages == 3


def test_a_reading_that_cannot_be_true_is_kept_apart_and_its_batch_is_stored() -> None:
    """100.01 °C is beyond what can be true; the letter is a batch of that reading alone."""
    flush = flush_of(window_of(delivery(wire(1, temperature_centi_c=[10_001, -10_000]))))
    (letter,) = flush.dead_letters
    assert letter.reason == "cannot be true: temperature_centi_c is 10001"
    assert flush.answers[TRUCK].stored == (batch_id(1),)
    assert flush.answers[TRUCK].dead_lettered == ()
    assert flush.routed.fresh.measured_at_ms.tolist() == [T0 + 30_000]
    again = decode_batch(letter.payload)
    assert (again.batch_id, again.sender, again.columns.loggers) == (batch_id(1), sender(), (A,))
    assert again.columns.measured_at_ms.tolist() == [T0]
    assert not split_out_of_range(again.columns)[0].any()


@pytest.mark.parametrize(("ahead_ms", "believed"), [(0, True), (1, False)])
def test_an_edge_whose_clock_is_a_day_ahead_is_not_believed(ahead_ms: int, believed: bool) -> None:
    """24 h and 5 minutes: what an edge slews at most, and some skew."""
    limit_ms = T0 + (24 * 60 + 5) * 60_000
    assert latest_at(datetime.fromtimestamp(T0 / 1000, UTC)) == limit_ms
    window = Window(latest_ms=limit_ms)
    window.add(delivery(wire(1, measured_at_ms=[T0, limit_ms - T0 + ahead_ms])))
    flush = flush_of(window)
    assert len(flush.routed.fresh) == 1 + believed
    assert len(flush.dead_letters) == 1 - believed
    assert flush.answers[TRUCK].stored == (batch_id(1),)


def test_a_bad_reading_is_taken_from_the_right_batch() -> None:
    flush = flush_of(
        window_of(
            delivery(payload_of(1, [reading(0), reading(1)])),
            delivery(wire(2, rssi_dbm=[21, 0])),
            delivery(payload_of(3, [reading(2)])),
        )
    )
    assert {letter.batch_id for letter in flush.dead_letters} == {str(batch_id(2))}
    assert len(flush.dead_letters) == 2


def test_a_batch_whose_sum_would_wrap_is_dead_lettered_and_the_others_are_stored() -> None:
    flush = flush_of(
        window_of(
            delivery(payload_of(1, [reading()])),
            delivery(wire(2, sequence=[2**49, 0])),
            delivery(payload_of(3, [reading(1)])),
        )
    )
    assert flush.answers[TRUCK].stored == (batch_id(1), batch_id(3))
    assert flush.answers[TRUCK].dead_lettered == (batch_id(2),)
    assert len(flush.routed.fresh) == 2


def test_batches_that_wrap_only_together_are_summed_up_apart() -> None:
    """2**14 sums of 2**49 pass 2**63, and 2**15 pass 2**64: the last is as good as the first."""
    batch = parse_batch(wire(1, sequence=[2**49 - 1, 5 - 2**49]))
    sequence = columns_of([batch] * 2**15).sequence.reshape(-1, 2)
    assert (sequence == [2**49 - 1, 4]).all()


def test_what_a_flush_holds_counts_as_stored_for_the_next() -> None:
    loggers = known_loggers(stored_until_ms=T0)
    first = flush_of(window_of(delivery(payload_of(1, [reading(0), reading(30)]))), loggers)
    assert first.routed.late.measured_at_ms.tolist() == [T0]
    assert first.routed.fresh.measured_at_ms.tolist() == [T0 + 30_000]
    second = flush_of(window_of(delivery(payload_of(1, [reading(30), reading(60)]))), loggers)
    assert second.routed.late.measured_at_ms.tolist() == [T0 + 30_000]


def correction(number: int) -> bytes:
    return wire(number, replaces_measured_at_ms=[T0 - 60_000, 30_000])


def test_a_correction_stands_alone_in_its_window() -> None:
    window = window_of(delivery(payload_of(1, [reading()])))
    assert not window.add(delivery(correction(2)))
    assert window.messages == 1
    alone = window_of(delivery(correction(2)), delivery(b""))
    assert not alone.add(delivery(payload_of(3, [reading()])))
    flush = flush_of(alone)
    assert flush.replaced is not None
    assert flush.replaced.measured_at_ms.tolist() == [T0 - 60_000, T0 - 30_000]
    assert flush.replaced.logger_key.tolist() == [11, 11]
    assert len(flush.routed.fresh) == 0  # what it puts in may be there after a redelivery
    assert flush.corrected_keys().tolist() == [11]


def test_a_correction_of_an_impossible_time_deletes_nothing() -> None:
    flush = flush_of(window_of(delivery(wire(2, replaces_measured_at_ms=[-5, 4_200_000_000_000]))))
    assert flush.replaced is not None
    assert len(flush.replaced.measured_at_ms) == 0


@pytest.mark.parametrize(("capacity", "kept"), [(2, True), (1, False)])
def test_memory_is_emptied_once_it_holds_too_much(capacity: int, kept: bool) -> None:
    loggers = known_loggers()
    loggers.capacity = capacity
    loggers.make_room()
    assert (loggers.unknown([A], ["ruuvi-df5"]) == {}) is kept
    assert len(loggers.keys) == (2 if kept else 0)


def test_a_logger_with_another_format_is_learned_again() -> None:
    loggers = known_loggers()
    assert loggers.unknown([A, B], ["bthome-v2", "ruuvi-df5"]) == {A: "bthome-v2"}


def test_a_forgotten_logger_gets_its_new_state() -> None:
    loggers = known_loggers(stored_until_ms=T0)
    loggers.forget([A])
    assert loggers.unknown([A, B], ["ruuvi-df5"] * 2) == {A: "ruuvi-df5"}
    loggers.learn(
        [KnownLogger(logger_id=A, logger_key=11, frame_format="ruuvi-df5", stored_until_ms=7)]
    )
    assert loggers.stored_until_ms[loggers.slots([A, B])].tolist() == [7, T0]


def test_wire_batches_of_the_tests_are_whole() -> None:
    assert set(msgspec.json.decode(wire(1))) == set(WireBatch.__dataclass_fields__)
