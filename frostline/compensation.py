"""Which rules of compensation hold, and how were they applied before?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import psycopg
from psycopg.rows import class_row

from frostline.errors import CommandRefused
from gateway.rules.compensation_file import read_rules
from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.toml_lines import BadFile

BUNDLED: Final = "fresh-promise.toml"

# docs/compensation.md shows it. What stands of each trigger, by trigger_decisions_by_clause.
LIKE_CASES: Final = """
SELECT decided_at, trigger_id, revision, order_id, cause, outcome, amount, currency,
       rulebook_version, decided_by, needs_review, reason
FROM current_decisions
WHERE rulebook_id = %(rulebook_id)s AND clause = %(clause)s
ORDER BY decided_at DESC, trigger_id DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What was decided before, under a clause."""

    decided_at: datetime
    trigger_id: int
    revision: int
    order_id: str
    cause: str
    outcome: str
    amount: int
    currency: str
    rulebook_version: int
    decided_by: str
    needs_review: bool
    reason: str


def rules_of(path: Path | None) -> CompensationRules:
    """Return the rules of a file, or those that come with Frostline."""
    if path is None:
        text = files("gateway").joinpath("compensation", BUNDLED).read_text(encoding="utf-8")
        return read_rules(text, name=BUNDLED)
    try:
        return read_rules(path.read_text(encoding="utf-8"), name=str(path))
    except OSError as error:
        raise CommandRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandRefused(f"{path} is not text in UTF-8") from error
    except BadFile as error:
        raise CommandRefused(str(error)) from error


def like_cases(
    connection: psycopg.Connection, rulebook_id: str, clause: str, limit: int
) -> list[Case]:
    """Return what stands of earlier decisions under a clause, newest first."""
    with connection.cursor(row_factory=class_row(Case)) as cursor:
        params = {"rulebook_id": rulebook_id, "clause": clause, "limit": limit}
        return cursor.execute(LIKE_CASES, params).fetchall()


def render(cases: Sequence[Case]) -> str:
    """Return cases as a table for a person."""
    if not cases:
        return "nothing was decided under this clause"
    lines = [
        f"{case.decided_at:%Y-%m-%d %H:%M}  {case.outcome:19}  {case.amount:>8} {case.currency}  "
        f"{case.order_id}  {case.cause}  by {case.decided_by}: {case.reason}"
        for case in cases
    ]
    return "\n".join(lines)


def render_json(cases: Sequence[Case]) -> str:
    """Return cases as one JSON object."""
    return msgspec.json.encode({"cases": cases}).decode()
