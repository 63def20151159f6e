"""Which loggers are there, and what is known of them?"""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from api import examples, store, store_bindings, store_loggers
from api.access import LoggersWriter, OrdersReader
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, LoggerIdPath, PageSize
from api.refusals import NoSuchThing
from api.resources import Binding, Logger, LoggerDetails

router = APIRouter(tags=["loggers"])


@router.put(
    "/loggers/{logger_id}",
    summary="Register a logger, or change what is registered of it",
    response_model=Logger,
    responses={**examples.answers(Logger, examples.LOGGER, status=200, also=201), **problems()},
)
async def put_logger(
    logger_id: LoggerIdPath,
    details: Annotated[LoggerDetails, examples.body(examples.LOGGER_DETAILS)],
    context: InContext,
    _: LoggersWriter,
    response: Response,
) -> Logger:
    """Give a logger a name, a model and its record interval. Repeating it changes nothing."""
    async with store.transaction(context.pool) as db:
        new = await store_loggers.register_logger(db, logger_id, details, now=context.clock())
        logger = await store_loggers.logger(db, logger_id)
    if logger is None:
        raise NoSuchThing("logger", logger_id)
    response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
    return logger


@router.get(
    "/loggers",
    summary="List loggers that are registered or were heard",
    responses={**examples.answers(list[Logger], [examples.LOGGER]), **problems()},
)
async def get_loggers(
    context: InContext,
    _: OrdersReader,
    *,
    unassigned: Annotated[
        bool | None, Query(description="true: only those heard that nobody registered.")
    ] = None,
    after: AfterId = "",
    limit: PageSize = 100,
) -> list[Logger]:
    """List loggers in order of their ids."""
    async with store.transaction(context.pool) as db:
        return await store_loggers.loggers(db, after=after, limit=limit, unassigned=unassigned)


@router.get(
    "/loggers/{logger_id}",
    summary="Look at one logger",
    responses={**examples.answers(Logger, examples.LOGGER), **problems(NoSuchThing)},
)
async def get_logger(logger_id: LoggerIdPath, context: InContext, _: OrdersReader) -> Logger:
    """Return what is registered of a logger, and its newest reading."""
    async with store.transaction(context.pool) as db:
        logger = await store_loggers.logger(db, logger_id)
    if logger is None:
        raise NoSuchThing("logger", logger_id)
    return logger


@router.get(
    "/loggers/{logger_id}/bindings",
    summary="List what a logger was bound to",
    responses={**examples.answers(list[Binding], [examples.BINDING]), **problems()},
)
async def get_logger_bindings(
    logger_id: LoggerIdPath, context: InContext, _: OrdersReader, limit: PageSize = 100
) -> list[Binding]:
    """List a logger's bindings, newest first."""
    async with store.transaction(context.pool) as db:
        return await store_bindings.bindings_of_logger(db, logger_id, limit=limit)
