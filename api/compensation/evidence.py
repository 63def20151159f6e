"""What proves a decision, to somebody who has nothing but a file?"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import store
from api.access import TriggersReader
from api.compensation import examples as told
from api.compensation import store_evidence
from api.compensation.triggers import find_trigger
from api.context import InContext
from api.errors import problems
from api.fields import RowIdPath
from api.refusals import NoSuchThing
from schemas.evidence_file import SUFFIX

router = APIRouter(tags=["compensation"])


@router.get(
    "/triggers/{trigger_id}/evidence",
    summary="Download what proves a decision",
    response_class=Response,
    responses={
        200: {
            "description": "An evidence file, for `frostline evidence verify`.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": told.EVIDENCE_FILE,
                }
            },
        },
        **problems(NoSuchThing),
    },
)
async def get_evidence(
    trigger_id: RowIdPath,
    context: InContext,
    _: TriggersReader,
    revision: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Without it: the newest decision's.")
    ] = None,
) -> Response:
    """Return the readings, rules and circumstances that a decision can be computed from again.

    With the way to its seal, once it is sealed. Its bytes are signed for: keep them as they are.
    """
    async with store.transaction(context.pool) as db:
        await find_trigger(db, trigger_id)
        content = await store_evidence.evidence_file(db, trigger_id, revision=revision)
    if content is None:
        raise NoSuchThing(f"revision of trigger {trigger_id} numbered", revision)
    headers = {"Content-Disposition": f'attachment; filename="trigger-{trigger_id}{SUFFIX}"'}
    return Response(content, media_type="application/json", headers=headers)
