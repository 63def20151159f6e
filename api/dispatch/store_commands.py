"""What does the api ask of dispatchers' commands?"""

from datetime import datetime
from typing import Final, LiteralString

from api.dispatch.resources import Command, CommandOutcome, NewCommand
from api.store import Connection, Row, many, one
from schemas.ids import CityId, CommandId

# With its outcome; `decided_at` NULL: none yet.
_COMMAND: Final[LiteralString] = """
SELECT c.command_id, c.city_id, c.base_version, c.kind, c.order_id, c.vehicle_id, c.hold_until,
       c.undo_version, c.comment, c.commanded_at, c.commanded_by,
       o.accepted, o.reason, o.version, o.price, o.decided_at
FROM dispatch_commands c
LEFT JOIN command_outcomes o USING (command_id)
"""

COMMAND_BY_ID: Final = f"{_COMMAND} WHERE c.command_id = %(command_id)s"

COMMANDS: Final = f"""{_COMMAND}
WHERE c.city_id = %(city_id)s AND c.commanded_at < COALESCE(%(before)s, 'infinity'::timestamptz)
ORDER BY c.commanded_at DESC, c.command_id
LIMIT %(limit)s
"""

WRITE_COMMAND: Final = """
INSERT INTO dispatch_commands (command_id, city_id, base_version, kind, order_id, vehicle_id,
                               hold_until, undo_version, comment, commanded_at, commanded_by)
VALUES (%(command_id)s, %(city_id)s, %(base_version)s, %(kind)s, %(order_id)s, %(vehicle_id)s,
        %(hold_until)s, %(undo_version)s, %(comment)s, %(now)s, %(by)s)
ON CONFLICT (command_id) DO NOTHING  -- said again, or the id is taken: the caller compares
RETURNING command_id
"""

DELIVERY_OF_CITY: Final = """
SELECT order_id FROM deliveries WHERE order_id = %(order_id)s AND city_id = %(city_id)s
"""


async def command(db: Connection, command_id: CommandId) -> Command | None:
    """Return a command, with its outcome if there is one."""
    row = await one(db, COMMAND_BY_ID, {"command_id": command_id})
    return _command(row) if row else None


async def commands(
    db: Connection, city_id: CityId, *, before: datetime | None, limit: int
) -> list[Command]:
    """Return a city's commands, newest first."""
    values = {"city_id": city_id, "before": before, "limit": limit}
    return [_command(row) for row in await many(db, COMMANDS, values)]


async def write_command(
    db: Connection, city_id: CityId, new: NewCommand, *, by: str, now: datetime
) -> bool:
    """Write a command; False: its id was there before."""
    values = {**new.model_dump(), "city_id": city_id, "by": by, "now": now}
    return await one(db, WRITE_COMMAND, values) is not None


async def is_delivery_of(db: Connection, city_id: CityId, order_id: str) -> bool:
    """Tell whether an order is to be delivered in a city."""
    values = {"city_id": city_id, "order_id": order_id}
    return await one(db, DELIVERY_OF_CITY, values) is not None


def _command(row: Row) -> Command:
    outcome = CommandOutcome.model_validate(row) if row["decided_at"] is not None else None
    return Command.model_validate({**row, "outcome": outcome, "waits_for": None})
