"""How is a dossier filed, so that the same facts are the same bytes, whatever order they came in?

Lists are put in order, and temperatures are whole hundredths of a degree: what loggers' frames and
the wire carry. What a database's `real` adds to them is no fact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
import numpy as np

from gateway.rules.canonical import plain
from gateway.rules.dossier import Complaint, ConsignmentFile, Dossier, Handover, Review
from gateway.rules.policy import Policy
from schemas.curve import Curve
from schemas.segments import Int64s, Recording, Source, Window

Record = dict[str, Any]
FiledT = TypeVar("FiledT", Dossier, ConsignmentFile)


class UnreadableRecord(ValueError):
    """A record that is no dossier. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """A recording as it is filed: times in ms, each but the first since the one before."""

    source: Source
    record_interval_s: int | None
    ms_deltas: tuple[int, ...]
    centi_c: tuple[int, ...]


def in_order(dossier: Dossier) -> Dossier:
    """Return the same facts with every list in order, temperatures in whole hundredths."""
    return replace(
        dossier,
        consignments=tuple(sorted(map(_file_in_order, dossier.consignments), key=_consignment_id)),
        handovers=tuple(sorted(dossier.handovers, key=_handover_order)),
        complaints=tuple(sorted(dossier.complaints, key=_complaint_order)),
        reviews=tuple(sorted(dossier.reviews, key=_review_order)),
    )


def record_of(dossier: Dossier) -> Record:
    """Return a dossier in order as plain values: dicts, lists, texts, numbers."""
    record = _fields_of(dossier)
    record["consignments"] = [_file_record(file) for file in dossier.consignments]
    built: Record = msgspec.to_builtins(record)
    return built


def dossier_of(record: Record) -> Dossier:
    """Return the dossier that was filed as `record`.

    Raises UnreadableRecord.
    """
    try:
        files = tuple(_read_file(file) for file in record["consignments"])
        return _read(Dossier, record, {"consignments": files})
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise UnreadableRecord(f"no dossier: {error}") from error


def recording_record(recording: Recording) -> Record:
    """Return a recording as plain columns."""
    columns = _Columns(
        source=recording.source,
        record_interval_s=recording.record_interval_s,
        ms_deltas=tuple(np.diff(recording.curve.measured_at_ms, prepend=0).tolist()),
        centi_c=tuple(_centi_c(recording.curve).tolist()),
    )
    record: Record = msgspec.to_builtins(columns)
    return record


# In order ----------------------------------------------------------------------------------------


def _file_in_order(file: ConsignmentFile) -> ConsignmentFile:
    return replace(
        file,
        policy=_as_written(file.policy),
        own=_recordings_in_order(file.own),
        places=_recordings_in_order(file.places),
        packed_at_ms=tuple(sorted(file.packed_at_ms)),
        loaded_at_ms=tuple(sorted(file.loaded_at_ms)),
        suspended=tuple(sorted(file.suspended, key=_window_order)),
        closed_by_operator_ms=tuple(sorted(file.closed_by_operator_ms)),
    )


@lru_cache(maxsize=256)
def _as_written(policy: Policy) -> Policy:
    """Return a policy with its numbers as canonical JSON writes them."""
    return msgspec.convert(plain(policy), Policy)


def _recordings_in_order(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    return tuple(sorted(map(_in_hundredths, recordings), key=_recording_order))


def _in_hundredths(recording: Recording) -> Recording:
    curve = recording.curve
    return replace(recording, curve=replace(curve, temperature_c=_centi_c(curve) / 100))


def _centi_c(curve: Curve) -> Int64s:
    return np.rint(curve.temperature_c * 100).astype(np.int64)


def _recording_order(recording: Recording) -> tuple[str, str, list[int]]:
    begin_ms: list[int] = recording.curve.measured_at_ms[:1].tolist()
    return (recording.source.place_id or "", recording.source.logger_id, begin_ms)


def _window_order(window: Window) -> tuple[int, float]:
    return (window.from_ms, math.inf if window.until_ms is None else window.until_ms)


def _consignment_id(file: ConsignmentFile) -> str:
    return file.consignment_id


def _handover_order(step: Handover) -> tuple[int, str, str, str, str, float]:
    """Order by every field: two steps that are equal in all of them are the same bytes."""
    return (
        step.at_ms,
        step.step,
        step.consignment_id or "",
        step.person,
        step.place_id or "",
        -math.inf if step.temperature_c is None else step.temperature_c,
    )


def _complaint_order(complaint: Complaint) -> tuple[int, str]:
    return (complaint.at_ms, complaint.complaint_id)


def _review_order(review: Review) -> tuple[int, str, str, str, int]:
    return (review.at_ms, review.cause, review.by, review.decision, review.amount or 0)


# As records --------------------------------------------------------------------------------------

_RECORDINGS: Final = ("own", "places")


def _fields_of(value: Dossier | ConsignmentFile) -> Record:
    return {f.name: getattr(value, f.name) for f in fields(value)}


def _file_record(file: ConsignmentFile) -> Record:
    record = _fields_of(file)
    for name in _RECORDINGS:
        record[name] = [recording_record(recording) for recording in record[name]]
    return record


def _read_file(record: Record) -> ConsignmentFile:
    recordings = {name: tuple(map(_read_recording, record[name])) for name in _RECORDINGS}
    return _read(ConsignmentFile, record, recordings)


def _read_recording(record: Record) -> Recording:
    columns = msgspec.convert(record, _Columns)
    at_ms = np.cumsum(np.array(columns.ms_deltas, dtype=np.int64))
    centi_c = np.array(columns.centi_c, dtype=np.int64)
    if len(at_ms) != len(centi_c):
        raise UnreadableRecord(f"{len(at_ms)} times for {len(centi_c)} temperatures")
    curve = Curve(
        measured_at_ms=at_ms,
        temperature_c=centi_c / 100,
        sequence=np.full(len(at_ms), -1),
        heard_by=np.zeros(len(at_ms), dtype=np.int64),
    )
    return Recording(
        source=columns.source, record_interval_s=columns.record_interval_s, curve=curve
    )


def _read(cls: type[FiledT], record: Record, given: Mapping[str, Any]) -> FiledT:
    """Make a dataclass of its record, some fields of it read before."""
    hints = get_type_hints(cls)
    rest = {
        name: msgspec.convert(value, hints[name])
        for name, value in record.items()
        if name not in given
    }
    return cls(**rest, **given)
