"""Which boxes of a claim are forecast, and what is kept of it?"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from gateway.judge.facts import ConsignmentRow, StandingForecast
from gateway.judge.times import time_of
from gateway.rules.dossier import ConsignmentFile, Dossier
from gateway.rules.forecast import BoxRecord, HoldForecast, Packing, PackKind, forecast_boxes
from schemas.events import AtRisk, Side
from schemas.money import share_of
from schemas.segments import Recording

Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """How long a box will hold, as it is kept; None: not within the forecast's horizon."""

    consignment_id: str
    order_id: str
    made_at: datetime
    leaves_in_s_q10: float | None
    leaves_in_s_q50: float | None
    leaves_in_s_q90: float | None
    chance_within_40_min: float
    side: Side | None
    at_risk: bool
    spoil_cost: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """What is to be kept: new rows, and the boxes that have none any more."""

    rows: tuple[ForecastRow, ...]
    none_for: tuple[str, ...]
    kept: frozenset[str]  # boxes whose last forecast is still fresh

    def concern(self, boxes: Iterable[str]) -> bool:
        """Whether any of the boxes has a forecast, which ages."""
        forecast_now = {row.consignment_id for row in self.rows} | self.kept
        return not forecast_now.isdisjoint(boxes)

    def warnings(self, standing: Iterable[StandingForecast]) -> dict[str, StandingForecast]:
        """Return the boxes at risk, by what was forecast now, or is still fresh."""
        kept = [row for row in standing if row.consignment_id in self.kept]
        rows = (*kept, *map(_standing, self.rows))
        return {row.consignment_id: row for row in rows if row.at_risk}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of an order, how it was packed, and the air of the places where it stood."""

    dossier: Dossier
    file: ConsignmentFile
    packed: ConsignmentRow
    around: Sequence[Recording]


def forecast(
    boxes: Sequence[Box],
    standing: Mapping[str, StandingForecast],
    *,
    now: datetime,
    every: timedelta,
) -> Forecasts:
    """Forecast those of the boxes that are open and whose last forecast has aged."""
    is_open = {
        box.file.consignment_id: box.packed.closed_at is None and box.file.life is not None
        for box in boxes
    }
    due = [
        box
        for box in boxes
        if is_open[box.file.consignment_id]
        and _is_old(standing.get(box.file.consignment_id), now, every)
    ]
    records = [_record(box) for box in due]
    found = forecast_boxes(records, now_ms=round(now.timestamp() * 1000))
    pairs = list(zip(due, found, strict=True))
    tried = {box.file.consignment_id for box in due}
    gone = [box.file.consignment_id for box, made in pairs if made is None]
    gone += [consignment_id for consignment_id, lives in is_open.items() if not lives]
    return Forecasts(
        rows=tuple(_row(box, made) for box, made in pairs if made is not None),
        none_for=tuple(consignment_id for consignment_id in gone if consignment_id in standing),
        kept=frozenset(
            consignment_id
            for consignment_id, lives in is_open.items()
            if lives and consignment_id in standing and consignment_id not in tried
        ),
    )


def warning_of(row: ForecastRow) -> AtRisk | None:
    """Return what is told of a box at risk."""
    if row.side is None:
        return None
    return AtRisk(
        order_id=row.order_id,
        consignment_id=row.consignment_id,
        side=row.side,
        made_at=row.made_at,
        leaves_at_q10=_after(row.made_at, row.leaves_in_s_q10),
        leaves_at_q50=_after(row.made_at, row.leaves_in_s_q50),
        leaves_at_q90=_after(row.made_at, row.leaves_in_s_q90),
        chance_within_40_min=row.chance_within_40_min,
    )


def _standing(row: ForecastRow) -> StandingForecast:
    return StandingForecast(
        consignment_id=row.consignment_id,
        made_at=row.made_at,
        side=row.side,
        leaves_in_s_q50=row.leaves_in_s_q50,
        at_risk=row.at_risk,
    )


def _is_old(before: StandingForecast | None, now: datetime, every: timedelta) -> bool:
    return before is None or now - before.made_at >= every


def _record(box: Box) -> BoxRecord:
    life, packed = box.file.life, box.packed
    begun_ms = 0 if life is None else life.from_ms
    at_ms, temperature_c = _columns(box.file.own)
    ambient_at_ms, ambient_c = _columns(box.around)
    return BoxRecord(
        packing=Packing(
            box_material=packed.box_material,
            wall_w_per_k=packed.wall_w_per_k,
            pack_kind=None if packed.pack_kind is None else PackKind(packed.pack_kind),
            pack_kg=packed.pack_kg,
            product_kg=packed.product_kg,
        ),
        packed_at_ms=min(box.file.packed_at_ms, default=begun_ms),
        lower_c=box.file.policy.lower_c,
        upper_c=box.file.policy.upper_c,
        at_ms=at_ms,
        temperature_c=temperature_c,
        ambient_at_ms=ambient_at_ms,
        ambient_c=ambient_c,
        due_at_ms=box.dossier.arrives_at_ms or box.dossier.due_at_ms,
    )


def _columns(recordings: Sequence[Recording]) -> Columns:
    if len(recordings) == 1:
        curve = recordings[0].curve
        return curve.measured_at_ms, curve.temperature_c
    curves = [recording.curve for recording in recordings]
    return (
        np.concatenate([np.empty(0, np.int64), *(curve.measured_at_ms for curve in curves)]),
        np.concatenate([np.empty(0), *(curve.temperature_c for curve in curves)]),
    )


def _row(box: Box, made: HoldForecast) -> ForecastRow:
    q10, q50, q90 = (None if math.isinf(s) else s for s in made.leaves_in_s)
    return ForecastRow(
        consignment_id=box.file.consignment_id,
        order_id=box.dossier.order_id,
        made_at=time_of(made.made_at_ms),
        leaves_in_s_q10=q10,
        leaves_in_s_q50=q50,
        leaves_in_s_q90=q90,
        chance_within_40_min=made.chance_within_40_min,
        side=made.side,
        at_risk=made.at_risk,
        spoil_cost=_spoil_cost(box),
    )


def _spoil_cost(box: Box) -> int | None:
    """Return what the loss of a box would cost: what the rules give back of its goods at most."""
    value, rules = box.file.goods_value, box.dossier.rules
    if value is None or rules is None:
        return value
    return share_of(value, max((rule.per_mille for rule in rules.spoiled), default=1000))


def _after(at: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else at + timedelta(seconds=seconds)
