"""What does a request find in its process: settings, pool, events, clock?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from api.hub import Hub
from api.observe import Metrics
from api.settings import ApiSettings
from api.store import Pool

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of day: the clock of every process that isn't told another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Made once by `api.app`, and the same for each request."""

    settings: ApiSettings
    pool: Pool
    hub: Hub
    clock: Clock
    metrics: Metrics


def context_of(request: Request) -> Context:
    """Return the process's context."""
    return cast("Context", request.app.state.context)


InContext = Annotated[Context, Depends(context_of)]
