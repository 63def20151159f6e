"""Who is told what?

A secret is made here, shown in the answer to its key, and in no other.
"""

import base64
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response, status
from fastapi.responses import JSONResponse

from api import examples, store
from api.access import WebhooksWriter
from api.context import Context, InContext
from api.errors import problems
from api.fields import AfterId, IdempotencyKey, PageSize
from api.idempotency import Keyed, answer_once, keyed
from api.refusals import KeyReused, NoSuchThing, WebhookUrlRefused
from api.store import Connection
from api.webhooks import examples as told
from api.webhooks import store_webhooks
from api.webhooks.resources import Endpoint, EndpointChange, EndpointWithSecret, NewEndpoint
from api.webhooks.urls import require_safe

router = APIRouter(tags=["webhooks"])

# Standard Webhooks asks for 24 to 64 bytes.
_SECRET_BYTES: Final = 32
_OLD_SECRET_SIGNS: Final = timedelta(hours=24)

EndpointIdPath = Annotated[
    str, Path(pattern=r"^we_[0-9a-f]{12}$", description="The endpoint's id.")
]


def new_secret() -> str:
    """Return a secret as the Standard Webhooks convention spells it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@router.post(
    "/webhooks/endpoints",
    summary="Register an endpoint",
    status_code=status.HTTP_201_CREATED,
    response_model=EndpointWithSecret,
    responses={
        **examples.answers(EndpointWithSecret, told.ENDPOINT_WITH_SECRET, status=201),
        **problems(WebhookUrlRefused, KeyReused),
    },
)
async def post_endpoint(
    new: Annotated[NewEndpoint, examples.body(told.NEW_ENDPOINT)],
    key: IdempotencyKey,
    context: InContext,
    caller: WebhooksWriter,
) -> Response:
    """Register where to tell what happens from now on. The secret is shown in this answer only.

    The same key and body give the same answer again, its secret too; another body 409.
    """
    require_safe(new.url, allow_http=context.settings.webhooks_allow_http)
    asked = keyed(context, caller, key, "POST /webhooks/endpoints", new)
    async with store.transaction(context.pool) as db:
        return await _answer(db, asked, lambda: _register(db, new, context))


@router.get(
    "/webhooks/endpoints",
    summary="List endpoints",
    responses={**examples.answers(list[Endpoint], [told.ENDPOINT]), **problems()},
)
async def get_endpoints(
    context: InContext, _: WebhooksWriter, after: AfterId = "", limit: PageSize = 100
) -> list[Endpoint]:
    """List endpoints in order of their ids, without their secrets."""
    async with store.transaction(context.pool) as db:
        return await store_webhooks.endpoints(db, after=after, limit=limit)


@router.get(
    "/webhooks/endpoints/{endpoint_id}",
    summary="Look at one endpoint",
    responses={**examples.answers(Endpoint, told.ENDPOINT), **problems(NoSuchThing)},
)
async def get_endpoint(
    endpoint_id: EndpointIdPath, context: InContext, _: WebhooksWriter
) -> Endpoint:
    """Return an endpoint, without its secret."""
    async with store.transaction(context.pool) as db:
        return _there(await store_webhooks.endpoint(db, endpoint_id), endpoint_id)


@router.patch(
    "/webhooks/endpoints/{endpoint_id}",
    summary="Change an endpoint",
    responses={
        **examples.answers(Endpoint, told.ENDPOINT),
        **problems(NoSuchThing, WebhookUrlRefused),
    },
)
async def patch_endpoint(
    endpoint_id: EndpointIdPath,
    change: Annotated[EndpointChange, examples.body(told.ENDPOINT_CHANGE)],
    context: InContext,
    _: WebhooksWriter,
) -> Endpoint:
    """Change what is given; what is left out or null stays as it is.

    What waits for an endpoint that is not enabled is given up, and can be replayed.
    """
    if change.url is not None:
        require_safe(change.url, allow_http=context.settings.webhooks_allow_http)
    async with store.transaction(context.pool) as db:
        changed = await store_webhooks.change_endpoint(db, endpoint_id, change.model_dump())
        return _there(changed, endpoint_id)


@router.delete(
    "/webhooks/endpoints/{endpoint_id}",
    summary="Delete an endpoint",
    responses={**examples.answers(Endpoint, told.ENDPOINT), **problems(NoSuchThing)},
)
async def delete_endpoint(
    endpoint_id: EndpointIdPath, context: InContext, _: WebhooksWriter
) -> Endpoint:
    """Tell an endpoint nothing any more, and return it as it was."""
    async with store.transaction(context.pool) as db:
        endpoint = _there(await store_webhooks.endpoint(db, endpoint_id), endpoint_id)
        await store_webhooks.delete_endpoint(db, endpoint_id, now=context.clock())
    return endpoint


@router.post(
    "/webhooks/endpoints/{endpoint_id}/rotation",
    summary="Give an endpoint a new secret",
    status_code=status.HTTP_201_CREATED,
    response_model=EndpointWithSecret,
    responses={
        **examples.answers(EndpointWithSecret, told.ENDPOINT_WITH_SECRET, status=201),
        **problems(NoSuchThing, KeyReused),
    },
)
async def post_rotation(
    endpoint_id: EndpointIdPath, key: IdempotencyKey, context: InContext, caller: WebhooksWriter
) -> Response:
    """Make a new secret, shown in this answer only. The one before signs as well for 24 hours.

    The same key gives the same answer again: whoever lost it does not lose the receiver's secret.
    """
    asked = keyed(context, caller, key, f"POST /webhooks/endpoints/{endpoint_id}/rotation")
    async with store.transaction(context.pool) as db:
        return await _answer(db, asked, lambda: _rotate(db, endpoint_id, context))


async def _answer(
    db: Connection, asked: Keyed, act: Callable[[], Awaitable[EndpointWithSecret]]
) -> Response:
    answer = await answer_once(db, asked, status.HTTP_201_CREATED, act)
    headers = {"Location": f"/webhooks/endpoints/{answer.body['endpoint_id']}"}
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


async def _register(db: Connection, new: NewEndpoint, context: Context) -> EndpointWithSecret:
    endpoint_id, secret = f"we_{secrets.token_hex(6)}", new_secret()
    endpoint = await store_webhooks.create_endpoint(
        db, endpoint_id, new, secret, now=context.clock()
    )
    return EndpointWithSecret(**endpoint.model_dump(), secret=secret)


async def _rotate(db: Connection, endpoint_id: str, context: Context) -> EndpointWithSecret:
    secret, until = new_secret(), context.clock() + _OLD_SECRET_SIGNS
    rotated = await store_webhooks.rotate_secret(db, endpoint_id, secret, until=until)
    return EndpointWithSecret(**_there(rotated, endpoint_id).model_dump(), secret=secret)


def _there(endpoint: Endpoint | None, endpoint_id: str) -> Endpoint:
    if endpoint is None:
        raise NoSuchThing("endpoint", endpoint_id)
    return endpoint
