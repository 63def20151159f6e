"""The proof finds what was lost, doubled, invented or changed."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.proof import StoredRow, compare


@dataclass(frozen=True)
class Entry:
    logger_id: str
    sequence: int
    sampled_at_ms: int
    temperature_c: float = 4.0
    heard: bool = True

    @property
    def delivered_at_ms(self) -> int | None:
        return self.sampled_at_ms + 200 if self.heard else None


def row(sequence: int, at_ms: int, *, temperature_c: float = 4.0, gateway: str = "g") -> StoredRow:
    return StoredRow("a", gateway, sequence, at_ms, temperature_c)


LEDGER = [Entry("a", 1, 1000), Entry("a", 2, 2000), Entry("a", 3, 3000, heard=False)]


def test_each_measurement_once_is_a_proof() -> None:
    proof = compare(LEDGER, [row(1, 1200), row(2, 2000)])
    assert proof.holds
    assert (proof.measured, proof.stored, proof.unheard) == (2, 2, 1)


def test_a_lost_measurement_is_missing() -> None:
    proof = compare(LEDGER, [row(1, 1200)])
    assert (proof.missing, proof.holds) == (1, False)


def test_an_unheard_measurement_that_arrived_after_all_does_no_harm() -> None:
    assert compare(LEDGER, [row(1, 1200), row(2, 2000), row(3, 3100)]).holds


def test_a_second_row_of_the_same_gateway_is_a_duplicate() -> None:
    proof = compare(LEDGER, [row(1, 1200), row(1, 1300), row(2, 2000)])
    assert (proof.duplicate, proof.holds) == (1, False)


def test_two_gateways_may_hear_the_same() -> None:
    assert compare(LEDGER, [row(1, 1200), row(1, 1201, gateway="h"), row(2, 2000)]).holds


def test_a_row_that_nothing_explains_is_foreign() -> None:
    proof = compare(LEDGER, [row(1, 1200), row(2, 2000), row(9, 2000)])
    assert (proof.foreign, proof.holds) == (1, False)
    assert compare(LEDGER, [row(1, 994), row(2, 2000)]).foreign == 1  # stamped before the sample


def test_a_changed_value_is_noticed() -> None:
    proof = compare(LEDGER, [row(1, 1200, temperature_c=4.01), row(2, 2000)])
    assert (proof.altered, proof.holds) == (1, False)


@pytest.mark.parametrize(("at_ms", "misplaced"), [(2200, 0), (4200, 0), (4201, 1)])
def test_a_row_long_after_its_delivery_is_misplaced(at_ms: int, misplaced: int) -> None:
    """Measurement 2 was delivered at 2,200 ms; two seconds are left for the stamp."""
    proof = compare(LEDGER, [row(1, 1200), row(2, at_ms)])
    assert (proof.misplaced, proof.holds) == (misplaced, not misplaced)


def test_the_first_of_two_gateways_rows_counts_for_the_time() -> None:
    assert compare(LEDGER, [row(1, 1200), row(2, 9000, gateway="h"), row(2, 2300)]).holds


@given(st.integers(1, 600), st.sets(st.integers(0, 599)))
def test_a_counter_that_wraps_loses_and_doubles_nothing(length: int, lost: set[int]) -> None:
    """A BTHome packet id comes round every 256 measurements."""
    ledger = [Entry("a", i % 256, 10_000 * i) for i in range(length)]
    rows = [row(i % 256, 10_000 * i + 700) for i in range(length) if i not in lost]
    proof = compare(ledger, rows)
    assert proof.missing == length - len(rows)
    assert proof.duplicate == proof.foreign == 0
