"""Which rows are copied and which go the careful way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.ingest.rows import Ranges, Routed, Rows, join_ranges, ranges_of, route

KEYS = st.integers(1, 4)
TIMES = st.integers(0, 12)


def rows_with(keys: list[int], times: list[int]) -> Rows:
    """Return rows whose sequence is their place, so that they can be told apart."""
    key, at = np.array(keys, dtype=np.int64), np.array(times, dtype=np.int64)
    place = np.arange(len(keys))
    zeros = np.zeros(len(keys), dtype=np.int64)
    return Rows(
        logger_key=key,
        measured_at_ms=at,
        boot_key=zeros,
        temperature_centi_c=zeros,
        humidity_centi_pct=zeros,
        battery_mv=zeros,
        rssi_dbm=zeros,
        sequence=place,
        source=zeros,
        clock=zeros,
    )


def routed(
    keys: list[int], times: list[int], *, stored: dict[int, int], flagged: list[bool] | None = None
) -> Routed:
    return route(
        rows_with(keys, times),
        stored_until_ms=np.array([stored.get(key, -1) for key in keys]),
        may_repeat=np.array(flagged if flagged is not None else [False] * len(keys), dtype=bool),
    )


def keyed(rows: Rows) -> list[tuple[int, int]]:
    return list(zip(rows.logger_key.tolist(), rows.measured_at_ms.tolist(), strict=True))


def test_rows_newer_than_stored_are_copied_and_others_are_not() -> None:
    """Logger 1 is stored until 5: 5 itself may be there, 6 cannot."""
    result = routed([1, 1, 1, 2], [6, 5, 4, 0], stored={1: 5})
    assert keyed(result.fresh) == [(1, 6), (2, 0)]
    assert keyed(result.late) == [(1, 4), (1, 5)]
    assert keyed(result.newest) == [(1, 6), (2, 0)]


def test_rows_of_a_flagged_message_are_never_copied() -> None:
    result = routed([1, 1], [6, 7], stored={}, flagged=[True, False])
    assert keyed(result.fresh) == [(1, 7)]
    assert keyed(result.late) == [(1, 6)]


def test_of_a_key_that_stands_twice_the_first_row_stays() -> None:
    result = routed([1, 1, 1], [6, 6, 3], stored={})
    assert keyed(result.fresh) == [(1, 3), (1, 6)]
    assert result.fresh.sequence.tolist() == [2, 0]
    assert result.newest.sequence.tolist() == [0]
    assert result.repeated == 1


def test_a_logger_whose_rows_are_all_old_has_no_newest() -> None:
    assert len(routed([1], [5], stored={1: 5}).newest) == 0


@given(
    st.lists(st.tuples(KEYS, TIMES, st.booleans()), min_size=1, max_size=60),
    st.dictionaries(KEYS, TIMES),
)
def test_each_key_goes_exactly_one_way(
    given_rows: list[tuple[int, int, bool]], stored: dict[int, int]
) -> None:
    keys, times, flagged = (list(column) for column in zip(*given_rows, strict=True))
    result = routed(keys, times, stored=stored, flagged=flagged)
    fresh, late = keyed(result.fresh), keyed(result.late)
    assert sorted(fresh + late) == sorted(set(zip(keys, times, strict=True)))
    assert result.repeated == len(keys) - len(fresh) - len(late)
    assert fresh == sorted(fresh)
    assert late == sorted(late)
    assert all(at > stored.get(key, -1) for key, at in fresh)
    assert dict(keyed(result.newest)) == {
        key: newest
        for key in set(keys)
        if (newest := max(at for k, at in zip(keys, times, strict=True) if k == key))
        > stored.get(key, -1)
    }


def as_dict(ranges: Ranges) -> dict[int, tuple[int, int, int]]:
    columns = (ranges.logger_key, ranges.from_ms, ranges.to_ms, ranges.rows)
    return {key: (first, last, n) for key, first, last, n in zip(*columns, strict=True)}


def test_ranges_of_the_same_logger_are_joined_and_counted() -> None:
    a = ranges_of(rows_with([1, 1, 3], [2, 9, 5]))
    b = Ranges.from_tuples([(1, 1, 4, 2), (2, 7, 7, 1)])
    assert as_dict(a) == {1: (2, 9, 2), 3: (5, 5, 1)}
    assert as_dict(join_ranges(a, Ranges(), b)) == {1: (1, 9, 4), 2: (7, 7, 1), 3: (5, 5, 1)}


def test_no_rows_have_no_ranges() -> None:
    assert len(join_ranges(Ranges(), ranges_of(Rows()), Ranges.from_tuples([]))) == 0
