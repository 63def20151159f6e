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
from api.refusals import KeyReused
from api.store import Answer, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A request with an idempotency key."""

    token_id: str
    key: str
    operation: str  # the same key may stand for different operations only by mistake
    body: BaseModel
    now: datetime
    kept_for: timedelta

    @property
    def sha256(self) -> bytes:
        """Of what was asked, spelled as we understood it: spaces don't make another request."""
        return hashlib.sha256(f"{self.operation}\n{self.body.model_dump_json()}".encode()).digest()


async def answer_once(
    db: Connection, keyed: Keyed, status: int, act: Callable[[], Awaitable[BaseModel]]
) -> Answer:
    """Return the answer that was given to the key, or act and keep the answer."""
    oldest = keyed.now - keyed.kept_for
    kept = await store.answer_to(db, keyed.token_id, keyed.key, oldest=oldest)
    if kept is not None:
        if kept.body_sha256 != keyed.sha256:
            raise KeyReused
        return kept
    made = await act()
    answer = Answer(body_sha256=keyed.sha256, status=status, body=made.model_dump(mode="json"))
    await store.keep_answer(db, keyed.token_id, keyed.key, answer, now=keyed.now, oldest=oldest)
    return answer
