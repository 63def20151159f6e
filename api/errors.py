"""What does a refusal look like on HTTP?

The only place that knows status codes for errors: one table, RFC 9457 bodies. A body names no path,
since a member's path is a secret.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api import refusals
from api.refusals import Refused

log = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"
_FAULTS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, its name in `type`, and its title."""

    status: HTTPStatus
    name: str
    title: str


# The table: from an error to a status. A subclass stands before its base.
KINDS: Final[Mapping[type[Refused], Kind]] = {
    refusals.NoSuchThing: Kind(HTTPStatus.NOT_FOUND, "not-found", "No such thing"),
    refusals.AlreadyExists: Kind(HTTPStatus.CONFLICT, "already-exists", "The id is taken"),
    refusals.KeyReused: Kind(HTTPStatus.CONFLICT, "key-reused", "The key was used"),
    refusals.BindingOverlaps: Kind(HTTPStatus.CONFLICT, "binding-overlaps", "The logger is taken"),
    refusals.StayOverlaps: Kind(HTTPStatus.CONFLICT, "stay-overlaps", "The box is elsewhere"),
    refusals.AlreadyClosed: Kind(HTTPStatus.CONFLICT, "already-closed", "It has ended"),
    refusals.EndsBeforeStart: Kind(HTTPStatus.CONFLICT, "ends-before-start", "It ends too soon"),
    refusals.MilestoneReached: Kind(HTTPStatus.CONFLICT, "milestone-reached", "History stands"),
    refusals.ShiftOverlaps: Kind(HTTPStatus.CONFLICT, "shift-overlaps", "The vehicle is staffed"),
    refusals.NotDelivered: Kind(HTTPStatus.CONFLICT, "not-delivered", "Not delivered so"),
    refusals.BatchRefused: Kind(HTTPStatus.CONFLICT, "batch-refused", "Nothing is written"),
    refusals.NotOffered: Kind(HTTPStatus.CONFLICT, "not-offered", "This offer does not stand"),
    refusals.JourneyContradicted: Kind(
        HTTPStatus.CONFLICT, "journey-contradicted", "That cannot follow"
    ),
    refusals.StillToCome: Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "still-to-come", "Not yet"),
    refusals.AlreadyAcknowledged: Kind(
        HTTPStatus.CONFLICT, "already-acknowledged", "Somebody sees to it"
    ),
    refusals.AlreadyAnswered: Kind(HTTPStatus.CONFLICT, "already-answered", "An answer stands"),
    refusals.StalePlan: Kind(HTTPStatus.CONFLICT, "stale-plan", "The plan has changed"),
    refusals.CommandRefused: Kind(HTTPStatus.CONFLICT, "command-refused", "It can't be done"),
    refusals.TooManyReadings: Kind(HTTPStatus.BAD_REQUEST, "too-many-readings", "Too long a curve"),
    refusals.BadQuery: Kind(HTTPStatus.BAD_REQUEST, "bad-query", "The request contradicts itself"),
    refusals.WebhookUrlRefused: Kind(HTTPStatus.BAD_REQUEST, "webhook-url-refused", "Not there"),
    refusals.NotAcceptable: Kind(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", "No such format"),
    refusals.NoToken: Kind(HTTPStatus.UNAUTHORIZED, "no-token", "A valid token is needed"),
    refusals.ScopeMissing: Kind(HTTPStatus.FORBIDDEN, "scope-missing", "Not allowed"),
    refusals.LinkRefused: Kind(HTTPStatus.FORBIDDEN, "link-refused", "Not allowed"),
    refusals.DatabaseAway: Kind(HTTPStatus.SERVICE_UNAVAILABLE, "database-away", "Try again soon"),
}
MALFORMED: Final = Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", "The request is malformed")
FAULT: Final = Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "A fault of ours")

_HEADERS: Final[Mapping[type[Refused], Mapping[str, str]]] = {
    refusals.NoToken: {"WWW-Authenticate": "Bearer"},
    refusals.DatabaseAway: {"Retry-After": "3"},
}


class Fault(BaseModel):
    """What is wrong in one place of a request."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(examples=["body.placed_at"])
    what: str = Field(examples=["2026-11-21T10:00:00 has no time zone"])


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=["urn:frostline:problem:not-found"])
    title: str = Field(examples=["No such thing"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no order 2026-1121-0007."])
    errors: list[Fault] | None = None


def problems(*errors: type[Refused], malformed: bool = True) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` that declare an operation's refusals in OpenAPI."""
    kinds = [KINDS[error] for error in errors]
    if malformed:
        kinds.append(MALFORMED)
    declared: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.status):
        entry = declared.setdefault(
            int(kind.status),
            {
                "description": kind.title,
                "content": {
                    PROBLEM_JSON: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        entry["content"][PROBLEM_JSON]["examples"][kind.name] = {
            "value": _body(kind, f"{kind.title}.", None)
        }
    return declared


def status_of(error: type[Refused]) -> int:
    """Return the status of an error, for an answer that isn't problem+json."""
    return int(KINDS[error].status)


def problem_of(error: Refused) -> dict[str, Any]:
    """Return a refusal's body, for an answer that has several."""
    return _body(KINDS[_kind_of(error)], str(error), None)


def problem_response(
    kind: Kind,
    detail: str,
    *,
    errors: Sequence[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a refusal as problem+json."""
    return JSONResponse(
        _body(kind, detail, errors),
        status_code=kind.status,
        media_type=PROBLEM_JSON,
        headers=dict(headers or {}),
    )


def install(app: FastAPI) -> None:
    """Let every refusal, ours and the framework's, answer as a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _framework)
    # Starlette raises it again after the answer: a bug ends in the log, with its traceback.
    app.add_exception_handler(Exception, _fault)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    kind_of = _kind_of(error)
    faults = [Fault(where=where, what=what) for where, what in error.faults[:_FAULTS_SHOWN]]
    headers = _HEADERS.get(kind_of)
    return problem_response(KINDS[kind_of], str(error), errors=faults, headers=headers)


def _kind_of(error: Refused) -> type[Refused]:
    return next(kind_of for kind_of in KINDS if isinstance(error, kind_of))


async def _malformed(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [Fault(where=_where(e["loc"]), what=_what(e)) for e in error.errors()[:_FAULTS_SHOWN]]
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults[:3])
    return problem_response(MALFORMED, detail, errors=faults)


async def _framework(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    name = status.phrase.lower().replace(" ", "-")
    kind = Kind(status, name, status.phrase)
    return problem_response(kind, status.description or status.phrase, headers=error.headers)


async def _fault(_: Request, error: Exception) -> Response:
    del error  # logged by the server; the client is told nothing of it
    return problem_response(FAULT, "This is a fault of ours, and it has been logged.")


def _body(kind: Kind, detail: str, errors: Sequence[Fault] | None) -> dict[str, Any]:
    problem = Problem(
        type=f"urn:frostline:problem:{kind.name}",
        title=kind.title,
        status=int(kind.status),
        detail=detail,
        errors=list(errors) if errors else None,
    )
    return problem.model_dump(exclude_none=True)


def _where(loc: Sequence[object]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _what(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"not JSON: {error.get('ctx', {}).get('error', 'unreadable')}"
    # pydantic puts this before the message of a ValueError of ours.
    return str(error["msg"]).removeprefix("Value error, ")
