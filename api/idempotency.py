"""Was this request answered before?

Whoever repeats a key with the same body gets the first answer; with another body, a refusal. Only
answers are kept: a request that was refused or failed may be tried again.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from api import store
from api.access import Caller
from api.context import Context
from api.refusals import KeyReused
from api.store import Answer, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A request with an idempotency key."""

    token_id: str
    key: str
    operation: str  # the same key may stand for different operations only by mistake
    body: BaseModel | None
    now: datetime
    kept_for: timedelta

    @property
    def sha256(self) -> bytes:
        """Of what was asked, spelled as we understood it: spaces don't make another request."""
        body = self.body.model_dump_json() if self.body else ""
        return hashlib.sha256(f"{self.operation}\n{body}".encode()).digest()


def keyed(
    context: Context, caller: Caller, key: str, operation: str, body: BaseModel | None = None
) -> Keyed:
    """Return a caller's request with its key, as of now."""
    return Keyed(
        token_id=caller.token_id,
        key=key,
        operation=operation,
        body=body,
        now=context.clock(),
        kept_for=timedelta(hours=context.settings.idempotency_hours),
    )


async def answer_once(
    db: Connection, asked: Keyed, status: int, act: Callable[[], Awaitable[BaseModel]]
) -> Answer:
    """Return the answer that was given to the key, or act and keep the answer."""
    oldest = asked.now - asked.kept_for
    kept = await store.answer_to(db, asked.token_id, asked.key, oldest=oldest)
    if kept is not None:
        if kept.body_sha256 != asked.sha256:
            raise KeyReused
        return kept
    made = await act()
    answer = Answer(body_sha256=asked.sha256, status=status, body=made.model_dump(mode="json"))
    await store.keep_answer(db, asked.token_id, asked.key, answer, now=asked.now, oldest=oldest)
    return answer
