"""By which published rules are goods judged and members compensated?"""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api import examples, store
from api.access import OrdersReader
from api.compensation import examples as told
from api.compensation import store_rules
from api.compensation.resources import PolicyDocument, PolicyHead, PublishedRules
from api.context import InContext
from api.errors import problems
from api.fields import AfterId, PageSize, PolicyIdField
from api.language import Lang
from api.refusals import NoSuchThing

router = APIRouter(tags=["compensation"])


@router.get(
    "/rules/compensation",
    summary="Read the published rules of compensation",
    responses={**examples.answers(PublishedRules, told.RULES), **problems(NoSuchThing)},
)
async def get_rules(
    context: InContext,
    _: OrdersReader,
    language: Lang,
    response: Response,
) -> PublishedRules:
    """Return the rules that hold for orders placed now; their text by `lang` or Accept-Language."""
    async with store.transaction(context.pool) as db:
        row = await store_rules.newest_rules(db)
    if row is None:
        raise NoSuchThing("rulebook", "for compensation yet; `frostline migrate` loads one")
    told_members = (row.pop("texts") or {}).get(language) or {}
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    return PublishedRules(
        **row,
        language=language,
        text=told_members.get("text"),
        clauses=told_members.get("clauses") or {},
    )


@router.get(
    "/policies",
    summary="List the policies that goods are held to",
    responses={**examples.answers(list[PolicyHead], [told.POLICY]), **problems()},
)
async def get_policies(
    context: InContext, _: OrdersReader, after: AfterId = "", limit: PageSize = 100
) -> list[PolicyHead]:
    """List the newest version of each policy, in order of their ids."""
    async with store.transaction(context.pool) as db:
        return await store_rules.policies(db, after=after, limit=limit)


@router.get(
    "/policies/{policy_id}/{version}",
    summary="Read one version of a policy",
    responses={**examples.answers(PolicyDocument, told.POLICY_DOCUMENT), **problems(NoSuchThing)},
)
async def get_policy(
    policy_id: PolicyIdField,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    context: InContext,
    _: OrdersReader,
) -> PolicyDocument:
    """Return a policy with all that it says; a box keeps the version it was opened under."""
    async with store.transaction(context.pool) as db:
        policy = await store_rules.policy(db, policy_id, version)
    if policy is None:
        raise NoSuchThing("policy", f"{policy_id}/{version}")
    return policy
