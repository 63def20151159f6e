"""What does a simulated day look up in its own database?

Only to know when it may go on, and, once it is over, to count. What it decides by it asks the api.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, Self, TypeVar

import psycopg
from psycopg.rows import class_row

RowT = TypeVar("RowT")

PLAN_VERSION: Final = """
SELECT coalesce(max(version), 0) FROM plans WHERE city_id = %(city_id)s
"""

PROMISES: Final = """
SELECT order_id, state, due_at, not_before, depot_id, jsonb_array_length(offers) AS offers
FROM promises
WHERE city_id = %(city_id)s
ORDER BY order_id
"""

TIERS: Final = """
SELECT order_id, tier_h FROM deliveries WHERE city_id = %(city_id)s ORDER BY order_id
"""

JUDGED_EXCURSIONS: Final = """
SELECT subject_id AS consignment_id, bool_or(severity = 'critical') AS is_spoiled
FROM current_excursions
WHERE subject_kind = 'consignment' AND state <> 'withdrawn'
GROUP BY subject_id
ORDER BY subject_id
"""

COMPENSATIONS: Final = """
SELECT order_id, sum(amount)::bigint AS amount
FROM current_decisions
GROUP BY order_id
HAVING sum(amount) > 0
ORDER BY order_id
"""

CHANGES: Final = """
SELECT what, count(*) AS changes, count(DISTINCT order_id) AS orders
FROM plan_changes
WHERE city_id = %(city_id)s
GROUP BY what
ORDER BY what
"""

VERSIONS: Final = """
SELECT reason, count(*) AS versions
FROM plans
WHERE city_id = %(city_id)s
GROUP BY reason
ORDER BY reason
"""

QUESTIONS: Final = """
SELECT decided_at, order_id, consignment_id, cause, chosen, why
FROM rescues
WHERE city_id = %(city_id)s
ORDER BY rescue_id
"""


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """What an order was answered, as it stands."""

    order_id: str
    state: str
    due_at: datetime | None
    not_before: datetime | None
    depot_id: str | None
    offers: int


@dataclass(frozen=True, slots=True)
class CompensationRow:
    """What an order's member got, smallest currency unit."""

    order_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A box that became a question, what was chosen for it, and why."""

    decided_at: datetime
    order_id: str
    consignment_id: str
    cause: str
    chosen: str
    why: str


@dataclass(frozen=True, slots=True)
class ExcursionRow:
    """A box that had an excursion by its readings; a critical one means that it is spoiled."""

    consignment_id: str
    is_spoiled: bool


class DayStore:
    """One connection that reads."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    @classmethod
    def connect(cls, database_url: str) -> Self:
        """Connect, in autocommit."""
        return cls(
            psycopg.connect(
                database_url,
                autocommit=True,
                application_name="frostline day",
                options="-c timezone=UTC",
            )
        )

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def plan_version(self, city_id: str) -> int:
        """Return the newest version of a city's plan."""
        return self._number(PLAN_VERSION, {"city_id": city_id})

    def promises(self, city_id: str) -> list[PromiseRow]:
        """Return what each order was answered."""
        return self._all(PromiseRow, PROMISES, {"city_id": city_id})

    def tiers(self, city_id: str) -> dict[str, int]:
        """Return the tier of each order that was taken, hours."""
        return {row[0]: row[1] for row in self.rows(TIERS, {"city_id": city_id})}

    def compensations(self) -> list[CompensationRow]:
        """Return what members got."""
        return self._all(CompensationRow, COMPENSATIONS, {})

    def excursions(self) -> list[ExcursionRow]:
        """Return the consignments that had an excursion, by the judge."""
        return self._all(ExcursionRow, JUDGED_EXCURSIONS, {})

    def questions(self, city_id: str) -> list[QuestionRow]:
        """Return what was asked of boxes and decided, the first first."""
        return self._all(QuestionRow, QUESTIONS, {"city_id": city_id})

    def counts(self, statement: LiteralString, city_id: str) -> list[tuple[Any, ...]]:
        """Return one of the counts of a city's day."""
        return self.rows(statement, {"city_id": city_id})

    def rows(self, statement: LiteralString, values: dict[str, object]) -> list[tuple[Any, ...]]:
        """Return every row that a statement gives."""
        return self._connection.execute(statement, values).fetchall()

    def _all(
        self, kind: type[RowT], statement: LiteralString, values: dict[str, object]
    ) -> list[RowT]:
        with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(statement, values).fetchall()

    def _number(self, statement: LiteralString, values: dict[str, object]) -> int:
        ((number,),) = self.rows(statement, values)
        return int(number)
