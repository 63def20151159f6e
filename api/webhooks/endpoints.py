"""Who is told what?

A secret is made here, shown once, and never read again.
"""

import base64
import secrets
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, status

from api import examples, store
from api.access import WebhooksWriter
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, PageSize
from api.refusals import NoSuchThing, WebhookUrlRefused
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
    responses={
        **examples.answers(EndpointWithSecret, told.ENDPOINT_WITH_SECRET, status=201),
        **problems(WebhookUrlRefused),
    },
)
async def post_endpoint(
    new: Annotated[NewEndpoint, examples.body(told.NEW_ENDPOINT)],
    context: InContext,
    _: WebhooksWriter,
) -> EndpointWithSecret:
    """Register where to tell what happens from now on. The secret is shown this once."""
    require_safe(new.url, allow_http=context.settings.webhooks_allow_http)
    endpoint_id, secret = f"we_{secrets.token_hex(6)}", new_secret()
    async with store.transaction(context.pool) as db:
        endpoint = await store_webhooks.create_endpoint(
            db, endpoint_id, new, secret, now=context.clock()
        )
    return EndpointWithSecret(**endpoint.model_dump(), secret=secret)


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
    responses={
        **examples.answers(EndpointWithSecret, told.ENDPOINT_WITH_SECRET, status=201),
        **problems(NoSuchThing),
    },
)
async def post_rotation(
    endpoint_id: EndpointIdPath, context: InContext, _: WebhooksWriter
) -> EndpointWithSecret:
    """Make a new secret, shown this once. The one before signs as well for 24 hours."""
    secret, until = new_secret(), context.clock() + _OLD_SECRET_SIGNS
    async with store.transaction(context.pool) as db:
        rotated = await store_webhooks.rotate_secret(db, endpoint_id, secret, until=until)
        endpoint = _there(rotated, endpoint_id)
    return EndpointWithSecret(**endpoint.model_dump(), secret=secret)


def _there(endpoint: Endpoint | None, endpoint_id: str) -> Endpoint:
    if endpoint is None:
        raise NoSuchThing("endpoint", endpoint_id)
    return endpoint
