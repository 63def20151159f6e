"""What does the api ask of verdicts, excursions and forecasts?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, LiteralString

from api.findings.found import Findings, Forecast, FoundExcursion, VerdictRevision
from api.findings.resources import Closing
from api.store import Connection, all_as, one_as
from schemas.ids import OrderId, PlaceId

# `digest` is the judge's own short form of what it found.
_COLUMNS: Final[LiteralString] = """
SELECT verdict_id, subject_kind, subject_id, revision, judged_at, as_of, found_late, is_final,
       outcome, policy_id, policy_version, readings,
       encode(readings_sha256, 'hex') AS readings_sha256, summary - 'digest' AS summary
"""

CURRENT_VERDICTS: Final = f"""{_COLUMNS}
FROM current_verdicts
WHERE order_id = %(order_id)s
"""

VERDICTS_OF_ORDER: Final = f"""{_COLUMNS}
FROM verdicts
WHERE order_id = %(order_id)s
ORDER BY subject_id, revision
"""

VERDICTS_OF_PLACE: Final = f"""{_COLUMNS}
FROM verdicts
WHERE place_id = %(place_id)s AND (%(before)s::bigint IS NULL OR verdict_id < %(before)s)
ORDER BY verdict_id DESC
LIMIT %(limit)s
"""

_EXCURSION: Final[LiteralString] = """
SELECT excursion_id, revision, subject_kind, subject_id, order_id, place_id, limit_name AS limit,
       side, severity, source, state, from_at, until_at, extreme_c, degree_minutes, duration_s,
       found_at, found_late
FROM current_excursions
"""

EXCURSIONS_OF_ORDER: Final = f"""{_EXCURSION}
WHERE order_id = %(order_id)s AND state <> 'withdrawn'
ORDER BY from_at, excursion_id
"""

EXCURSION_BY_ID: Final = f"{_EXCURSION} WHERE excursion_id = %(excursion_id)s"

EXCURSIONS: Final = f"""{_EXCURSION}
WHERE (%(before)s::bigint IS NULL OR excursion_id < %(before)s)
  AND (%(order_id)s::text IS NULL OR order_id = %(order_id)s)
  AND (%(place_id)s::text IS NULL OR place_id = %(place_id)s)
  AND (%(open)s::boolean IS NULL OR (state = 'open') = %(open)s)
ORDER BY excursion_id DESC
LIMIT %(limit)s
"""

FORECASTS: Final = """
SELECT consignment_id, made_at, leaves_in_s_q10, leaves_in_s_q50, leaves_in_s_q90,
       chance_within_40_min, side, at_risk, spoil_cost
FROM forecasts
WHERE order_id = %(order_id)s
"""

# The first word stands: the caller has compared, under its lock.
CLOSE_EXCURSION: Final = """
INSERT INTO excursion_closings (excursion_id, at, by, comment)
VALUES (%(excursion_id)s, %(at)s, %(by)s, %(comment)s)
"""

CLOSING_BY_ID: Final = """
SELECT excursion_id, at, by, comment FROM excursion_closings WHERE excursion_id = %(excursion_id)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionFilter:
    """Which excursions are asked for; None: whatever it is."""

    order_id: OrderId | None
    place_id: PlaceId | None
    open: bool | None


async def findings_of_order(db: Connection, order_id: OrderId) -> Mapping[str, Findings]:
    """Return what is thought of each box of an order now, by consignment."""
    key = {"order_id": order_id}
    verdicts = await all_as(db, VerdictRevision, CURRENT_VERDICTS, key)
    excursions = await all_as(db, FoundExcursion, EXCURSIONS_OF_ORDER, key)
    forecasts = await all_as(db, Forecast, FORECASTS, key)
    found_of = {verdict.subject_id: verdict for verdict in verdicts}
    forecast_of = {forecast.consignment_id: forecast for forecast in forecasts}
    return {
        name: Findings(
            verdict=found_of.get(name),
            excursions=tuple(e for e in excursions if e.subject_id == name),
            forecast=forecast_of.get(name),
        )
        for name in {*found_of, *forecast_of, *(e.subject_id for e in excursions)}
    }


async def verdicts_of_order(db: Connection, order_id: OrderId) -> list[VerdictRevision]:
    """Return every revision of an order's verdicts, by box and revision."""
    return await all_as(db, VerdictRevision, VERDICTS_OF_ORDER, {"order_id": order_id})


async def verdicts_of_place(
    db: Connection, place_id: PlaceId, *, before: int | None, limit: int
) -> list[VerdictRevision]:
    """Return revisions of a place's daily verdicts, newest first."""
    values = {"place_id": place_id, "before": before, "limit": limit}
    return await all_as(db, VerdictRevision, VERDICTS_OF_PLACE, values)


async def excursions(
    db: Connection, wanted: ExcursionFilter, *, before: int | None, limit: int
) -> list[FoundExcursion]:
    """Return excursions in their newest revisions, newest first."""
    values = {
        "order_id": wanted.order_id,
        "place_id": wanted.place_id,
        "open": wanted.open,
        "before": before,
        "limit": limit,
    }
    return await all_as(db, FoundExcursion, EXCURSIONS, values)


async def excursion(db: Connection, excursion_id: int) -> FoundExcursion | None:
    """Return an excursion in its newest revision."""
    return await one_as(db, FoundExcursion, EXCURSION_BY_ID, {"excursion_id": excursion_id})


async def close_excursion(db: Connection, word: Closing) -> None:
    """Write an operator's word."""
    await db.execute(CLOSE_EXCURSION, word.model_dump())


async def closing(db: Connection, excursion_id: int) -> Closing | None:
    """Return an operator's word on an excursion."""
    return await one_as(db, Closing, CLOSING_BY_ID, {"excursion_id": excursion_id})
