"""What has the dispatcher answered, if one waits a moment?

The dispatcher's answer is a row of `promises`, and its commit wakes us. Where none lives nobody
waits.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from api import store
from api.context import Context
from api.intake import store_deliveries
from api.intake.resources import Promise
from api.store import Connection
from schemas.ids import OrderId

Promises = dict[OrderId, Promise]


async def promises_of(context: Context, order_ids: Sequence[OrderId], *, wait_s: float) -> Promises:
    """Return the promises of orders with a delivery, once all are answered or time is up."""
    clock = asyncio.get_running_loop().time
    until = clock() + wait_s
    while True:
        woken = context.hub.next_wake_up()  # taken before the look: none is missed
        async with store.transaction(context.pool) as db:
            promises, somebody_answers = await look(db, order_ids)
        left_s = until - clock()
        done = all(promise.is_answered for promise in promises.values())
        if done or not somebody_answers or left_s <= 0:
            return promises
        with suppress(TimeoutError):
            async with asyncio.timeout(left_s):
                await woken.wait()


async def look(db: Connection, order_ids: Sequence[OrderId]) -> tuple[Promises, bool]:
    """Return the promises as they are, and whether a dispatcher lives for one that waits."""
    rows = await store_deliveries.promises(db, order_ids)
    lives = {
        city_id: await store_deliveries.dispatcher_lives(db, city_id)
        for city_id in sorted({row["city_id"] for row in rows})
    }
    promises = {row["order_id"]: _promise(row, lives[row["city_id"]]) for row in rows}
    return promises, any(
        lives[promise.city_id] for promise in promises.values() if not promise.is_answered
    )


def _promise(row: dict[str, Any], dispatcher_lives: bool) -> Promise:
    if row["cancelled_at"] is not None:
        return _cancelled(row)
    given = {name: value for name, value in row.items() if value is not None}
    if row["state"] != "requested" and row["accepted_offer"] is None:
        return Promise(**given)
    if dispatcher_lives:
        reason = "The dispatcher has not answered yet; look again."
    else:
        reason = (
            f"No dispatcher runs for {row['city_id']}; the answer comes once one does: "
            f"`frostline dispatch run --city {row['city_id']}`."
        )
    return Promise(**(given | {"reason": reason}))


def _cancelled(row: dict[str, Any]) -> Promise:
    return Promise(
        order_id=row["order_id"],
        city_id=row["city_id"],
        state="cancelled",
        reason=f"The order was cancelled at {row['cancelled_at'].isoformat()}.",
        version=row["version"],
        decided_at=row["decided_at"],
    )
