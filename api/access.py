"""May this request do what it asks?

No door is open: a service shows a token with the scope, a member a link to one order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import links, store, tokens
from api.context import Context, InContext
from api.links import MemberLink
from api.refusals import NoToken, ScopeMissing
from api.tokens import Presented, Scope

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="`frostline token create` makes one."
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A service with a valid token."""

    token_id: str
    name: str
    expires_at: datetime | None
    presented: Presented


async def find_caller(context: Context, presented: Presented, scope: Scope) -> Caller:
    """Return whose token it is; raise NoToken or ScopeMissing."""
    async with store.transaction(context.pool) as db:
        row = await store.token(db, presented.token_id)
    if row is None or not tokens.is_valid(presented, row, now=context.clock()):
        raise NoToken
    if scope not in row.scopes:
        raise ScopeMissing(scope)
    return Caller(
        token_id=row.token_id, name=row.name, expires_at=row.expires_at, presented=presented
    )


async def find_bearer(
    context: Context, credentials: HTTPAuthorizationCredentials | None, scope: Scope
) -> Caller:
    """Return who shows a token in a request's header; raise NoToken or ScopeMissing."""
    presented = tokens.parse(credentials.credentials) if credentials else None
    if presented is None:
        raise NoToken
    return await find_caller(context, presented, scope)


def _require(scope: Scope) -> Any:
    async def caller(context: InContext, credentials: Credentials) -> Caller:
        return await find_bearer(context, credentials, scope)

    return Depends(caller)


OrdersReader = Annotated[Caller, _require(Scope.ORDERS_READ)]
OrdersWriter = Annotated[Caller, _require(Scope.ORDERS_WRITE)]
HandoversWriter = Annotated[Caller, _require(Scope.HANDOVERS_WRITE)]
ComplaintsWriter = Annotated[Caller, _require(Scope.COMPLAINTS_WRITE)]
IntakesWriter = Annotated[Caller, _require(Scope.INTAKES_WRITE)]
AlertsReader = Annotated[Caller, _require(Scope.ALERTS_READ)]
AlertsWriter = Annotated[Caller, _require(Scope.ALERTS_WRITE)]
TriggersReader = Annotated[Caller, _require(Scope.TRIGGERS_READ)]
TriggersWriter = Annotated[Caller, _require(Scope.TRIGGERS_WRITE)]
FleetWriter = Annotated[Caller, _require(Scope.FLEET_WRITE)]
DispatchReader = Annotated[Caller, _require(Scope.DISPATCH_READ)]
DispatchWriter = Annotated[Caller, _require(Scope.DISPATCH_WRITE)]
WebhooksWriter = Annotated[Caller, _require(Scope.WEBHOOKS_WRITE)]
LoggersWriter = Annotated[Caller, _require(Scope.LOGGERS_WRITE)]
CurvesReader = Annotated[Caller, _require(Scope.CURVES_READ)]
LinksWriter = Annotated[Caller, _require(Scope.LINKS_WRITE)]
MetricsReader = Annotated[Caller, _require(Scope.METRICS_READ)]


def verify_link(context: Context, link: str) -> MemberLink:
    """Return what a link allows; raise LinkRefused."""
    return links.verify(context.settings, link, now=context.clock())


def _member_link(context: InContext, link: Annotated[str, Path()]) -> MemberLink:
    return verify_link(context, link)


Member = Annotated[MemberLink, Depends(_member_link)]
