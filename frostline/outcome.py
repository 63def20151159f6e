"""Did the demo's story end as it must? A box warms, and everybody hears of it in time.

Read as anyone outside would: the events, the API, what a receiver of webhooks printed, the page.
"""

import json
import time
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from frostline.story import Telling
from frostline.system import System
from gateway.rules.evidence import verify
from schemas.events import AT_RISK, COMPENSATION_TRIGGERED, EXCURSION_OPENED, SILENT

WARMING: Final = "order-2"
_TOLD: Final = frozenset({AT_RISK, EXCURSION_OPENED, COMPENSATION_TRIGGERED})
_TIMEOUT_S: Final = 120.0
_LOOK_EVERY_S: Final = 1.0
_ANSWER_TIMEOUT_S: Final = 10.0

_EVENTS: Final = """
SELECT type, min(at) FROM events WHERE order_id = %(order_id)s GROUP BY type
"""
_SILENT_LOGGERS: Final = "SELECT data ->> 'logger_id' FROM events WHERE type = %(type)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the warming box."""

    warned_s: float | None  # from the warning until the excursion was found
    amount: int | None  # approved, fen
    webhooks: int  # of the kinds that must come, received and verified
    page_ok: bool
    silent: bool  # the logger that was stopped was missed
    evidence: str  # pending, sealed or broken

    @property
    def failures(self) -> list[str]:
        """Say what is not as it must be."""
        wrong = {
            "no warning came before the excursion": (self.warned_s or 0.0) <= 0.0,
            "no compensation was approved": not self.amount,
            "a webhook did not arrive": self.webhooks < len(_TOLD),
            "the member's page does not say what the member gets": not self.page_ok,
            "nobody noticed that a logger fell silent": not self.silent,
            "the evidence of the compensation is not sealed": self.evidence != "sealed",
        }
        return [sentence for sentence, is_so in wrong.items() if is_so]

    def line(self) -> str:
        """Return the summary line."""
        parts = {
            "warned_s": "-" if self.warned_s is None else f"{self.warned_s:.1f}",
            "approved_fen": self.amount,
            "webhooks": f"{self.webhooks}/{len(_TOLD)}",
            "page": "ok" if self.page_ok else "differs",
            "silent": "noticed" if self.silent else "unnoticed",
            "evidence": self.evidence,
        }
        return "story " + " ".join(f"{name}={value}" for name, value in parts.items())


def await_outcome(system: System, telling: Telling, *, stopped_logger: str) -> Outcome:
    """Wait until the story has ended, or for two minutes; return how."""
    story = _Ending(system, telling, stopped_logger)

    ends_s = time.monotonic() + _TIMEOUT_S
    while (outcome := story.outcome()).failures and time.monotonic() < ends_s:
        system.check()
        time.sleep(_LOOK_EVERY_S)
    return outcome


class _Ending:
    """Looks from all sides."""

    def __init__(self, system: System, telling: Telling, stopped_logger: str) -> None:
        self._database_url = system.addresses.database_url
        self._listener_log = system.listener_log
        self._telling = telling
        self._stopped_logger = stopped_logger

    def outcome(self) -> Outcome:
        """Return how things stand."""
        events = self._events()
        decision = self._decision()
        amount = decision["amount"] if decision else None
        return Outcome(
            warned_s=_between(events.get(AT_RISK), events.get(EXCURSION_OPENED)),
            amount=amount,
            webhooks=len(_TOLD & self._received()),
            page_ok=amount is not None and f"{amount / 100:.2f}" in self._page(),
            silent=self._stopped_logger in self._silent_loggers(),
            evidence=self._evidence(decision["trigger_id"]) if decision else "none",
        )

    def _events(self) -> dict[str, datetime]:
        with psycopg.connect(self._database_url) as connection:
            return dict(connection.execute(_EVENTS, {"order_id": WARMING}).fetchall())

    def _silent_loggers(self) -> set[str]:
        with psycopg.connect(self._database_url) as connection:
            return {row[0] for row in connection.execute(_SILENT_LOGGERS, {"type": SILENT})}

    def _decision(self) -> dict[str, Any] | None:
        """Return what the order gets for its spoiled box, once it is approved."""
        triggers = json.loads(self._telling.client.get(f"/orders/{WARMING}/triggers"))
        return next((each for each in triggers if each["outcome"] == "approved"), None)

    def _received(self) -> set[str]:
        """Return the types that the receiver verified and took, of the warming order."""
        lines = self._listener_log.read_text().splitlines()
        printed = [json.loads(line) for line in lines if line.startswith("{")]
        return {
            each["message"]["type"]
            for each in printed
            if each["problem"] is None and each["message"]["data"].get("order_id") == WARMING
        }

    def _page(self) -> str:
        url = self._telling.links[WARMING]
        with urllib.request.urlopen(url, timeout=_ANSWER_TIMEOUT_S) as answer:  # noqa: S310  # ours
            page: str = answer.read().decode()
            return page

    def _evidence(self, trigger_id: int) -> str:
        return verify(self._telling.client.get(f"/triggers/{trigger_id}/evidence")).state


def _between(earlier: datetime | None, later: datetime | None) -> float | None:
    if earlier is None or later is None:
        return None
    return (later - earlier).total_seconds()
