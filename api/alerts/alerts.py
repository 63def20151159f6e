"""Why must somebody act, and who did what about it?"""

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response, status

from api import examples, store
from api.access import AlertsReader, AlertsWriter
from api.alerts import examples as told
from api.alerts import store_alerts
from api.alerts.resources import Alert, AlertComment, AlertWithTimeline, LogEntry
from api.alerts.store_alerts import AlertFilter, Said
from api.context import Context, InContext
from api.errors import problems
from api.fields import BeforeRow, OrderIdField, PageSize, PlaceIdField, RowIdPath, Text
from api.refusals import AlreadyAcknowledged, AlreadyClosed, NoSuchThing
from api.store import Connection
from api.store_events import Change, announce
from schemas.events import Severity

router = APIRouter(tags=["alerts"])

_ACKNOWLEDGED: Final = "acknowledged"
_COMMENTED: Final = "commented"


def wanted_alerts(
    *,
    is_open: Annotated[
        bool | None, Query(alias="open", description="true: not resolved; false: resolved.")
    ] = None,
    severity: Annotated[Severity | None, Query(description="Only of this severity.")] = None,
    kind: Annotated[Text | None, Query(description="Only of this kind, such as excursion.")] = None,
    order_id: Annotated[OrderIdField | None, Query(description="Only of this order.")] = None,
    place_id: Annotated[PlaceIdField | None, Query(description="Only of this place.")] = None,
) -> AlertFilter:
    """Return which alerts are asked for."""
    return AlertFilter(
        open=is_open, severity=severity, kind=kind, order_id=order_id, place_id=place_id
    )


@router.get(
    "/alerts",
    summary="List alerts",
    responses={**examples.answers(list[Alert], [told.ALERT]), **problems()},
)
async def get_alerts(
    wanted: Annotated[AlertFilter, Depends(wanted_alerts)],
    context: InContext,
    _: AlertsReader,
    before: BeforeRow = None,
    limit: PageSize = 100,
) -> list[Alert]:
    """List alerts, newest first; `before` goes on at an `alert_id`."""
    async with store.transaction(context.pool) as db:
        return await store_alerts.alerts(db, wanted, before=before, limit=limit)


@router.get(
    "/alerts/{alert_id}",
    summary="Look at one alert",
    responses={
        **examples.answers(AlertWithTimeline, told.ALERT_WITH_TIMELINE),
        **problems(NoSuchThing),
    },
)
async def get_alert(alert_id: RowIdPath, context: InContext, _: AlertsReader) -> AlertWithTimeline:
    """Return an alert with its timeline: who did what, when."""
    async with store.transaction(context.pool) as db:
        return await _with_timeline(db, await _find(db, alert_id))


@router.post(
    "/alerts/{alert_id}/acknowledgement",
    summary="Acknowledge an alert: somebody sees to it",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(AlertWithTimeline, told.ALERT_WITH_TIMELINE, status=200, also=201),
        **problems(NoSuchThing, AlreadyAcknowledged, AlreadyClosed),
    },
)
async def post_acknowledgement(
    alert_id: RowIdPath,
    said: Annotated[AlertComment, examples.body(told.ACKNOWLEDGEMENT)],
    context: InContext,
    caller: AlertsWriter,
    response: Response,
) -> AlertWithTimeline:
    """Say who sees to an alert and what is done: it escalates no further.

    Repeating it gives 200 and adds nothing; somebody else's word stands, and is 409.
    """
    word = Said(what=_ACKNOWLEDGED, by=said.by or caller.name, comment=said.comment)
    async with store.transaction(context.pool) as db:
        await store_alerts.lock_alert(db, alert_id)
        alert = await _find(db, alert_id)
        standing = _first(_ACKNOWLEDGED, await store_alerts.timeline(db, alert_id))
        if standing is not None and (standing.by, standing.comment) == (word.by, word.comment):
            response.status_code = status.HTTP_200_OK
            return await _with_timeline(db, alert)
        if standing is not None:
            raise AlreadyAcknowledged(alert_id, standing.by, standing.at)
        if alert.resolved_at is not None:
            raise AlreadyClosed("alert", alert_id, alert.resolved_at)
        return await _say(db, alert, word, context)


@router.post(
    "/alerts/{alert_id}/comments",
    summary="Say something of an alert",
    status_code=status.HTTP_201_CREATED,
    responses={
        **examples.answers(AlertWithTimeline, told.ALERT_WITH_TIMELINE, status=200, also=201),
        **problems(NoSuchThing),
    },
)
async def post_comment(
    alert_id: RowIdPath,
    said: Annotated[AlertComment, examples.body(told.ACKNOWLEDGEMENT)],
    context: InContext,
    caller: AlertsWriter,
    response: Response,
) -> AlertWithTimeline:
    """Add to an alert's timeline; a resolved one may be commented too.

    Repeating the last comment gives 200 and adds nothing.
    """
    word = Said(what=_COMMENTED, by=said.by or caller.name, comment=said.comment)
    async with store.transaction(context.pool) as db:
        await store_alerts.lock_alert(db, alert_id)
        alert = await _find(db, alert_id)
        last = _first(_COMMENTED, reversed(await store_alerts.timeline(db, alert_id)))
        if last is not None and (last.by, last.comment) == (word.by, word.comment):
            response.status_code = status.HTTP_200_OK
            return await _with_timeline(db, alert)
        return await _say(db, alert, word, context)


async def _say(db: Connection, alert: Alert, word: Said, context: Context) -> AlertWithTimeline:
    """Append a person's word, and mark what the alert is about for the judge."""
    now = context.clock()
    await store_alerts.append_entry(db, alert, word, now=now)
    change = Change(
        type=f"frostline.alert.{word.what}",
        from_at=now,
        to_at=now,
        order_id=alert.order_id,
        place_id=alert.place_id,
        logger_id=alert.logger_id,
        data={"alert_id": alert.alert_id, "by": word.by, "comment": word.comment},
    )
    await announce(db, change, now=now)
    return await _with_timeline(db, await _find(db, alert.alert_id))


async def _find(db: Connection, alert_id: int) -> Alert:
    alert = await store_alerts.alert(db, alert_id)
    if alert is None:
        raise NoSuchThing("alert", alert_id)
    return alert


async def _with_timeline(db: Connection, alert: Alert) -> AlertWithTimeline:
    entries = await store_alerts.timeline(db, alert.alert_id)
    return AlertWithTimeline(**alert.model_dump(), timeline=tuple(entries))


def _first(what: str, entries: Iterable[LogEntry]) -> LogEntry | None:
    return next((entry for entry in entries if entry.what == what), None)
