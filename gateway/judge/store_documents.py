"""Which policies and rulebooks are stored? They never change, so each is read once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from gateway.judge.store import Store
from gateway.rules.alerting_file import plan_of_document, read_alerting_plan
from gateway.rules.alerting_plan import AlertingPlan, with_published_rules
from gateway.rules.canonical import canonical_sha256
from gateway.rules.compensation_rules import CompensationRules
from gateway.rules.policy import Counting, Limit, Measured, Policy
from schemas.events import Side
from schemas.reading import Zone

PolicyKey = tuple[str, int]

POLICIES: Final = """
SELECT policy_id, version, zone, product_class, lower_c, upper_c, source, document, sha256
FROM policies
JOIN unnest(%(policy_id)s::text[], %(version)s::integer[]) AS asked (id, number)
    ON (policy_id, version) = (asked.id, asked.number)
"""

NEWEST_POLICIES: Final = """
SELECT DISTINCT ON (policy_id) policy_id, version
FROM policies
WHERE policy_id = ANY(%(policy_ids)s)
ORDER BY policy_id, version DESC
"""

RULEBOOKS: Final = """
SELECT kind, rulebook_id, version, loaded_at FROM rulebooks ORDER BY loaded_at, version
"""

RULEBOOK: Final = """
SELECT document FROM rulebooks
WHERE (kind, rulebook_id, version) = (%(kind)s, %(rulebook_id)s, %(version)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyRow:
    policy_id: str
    version: int
    zone: str
    product_class: str | None
    lower_c: float | None
    upper_c: float | None
    source: str
    document: Mapping[str, Any] | None
    sha256: bytes | None


class Documents:
    """What has been read of them so far."""

    def __init__(self) -> None:
        self.policies: dict[PolicyKey, Policy] = {}
        self.policy_sha256: dict[PolicyKey, bytes] = {}
        self._rules: list[tuple[datetime, CompensationRules]] = []
        self._plans: list[tuple[datetime, AlertingPlan]] = []
        self._known: set[tuple[str, str, int]] = set()

    def read_policies(self, store: Store, wanted: Iterable[PolicyKey]) -> None:
        """Read those of the policies that are not known yet."""
        keys = sorted(set(wanted) - self.policies.keys())
        if not keys:
            return
        values = {"policy_id": [key[0] for key in keys], "version": [key[1] for key in keys]}
        for row in store.all_as(_PolicyRow, POLICIES, values):
            policy = _policy_of(row)
            key = (row.policy_id, row.version)
            self.policies[key] = policy
            self.policy_sha256[key] = row.sha256 or canonical_sha256(policy)

    def newest_policies(self, store: Store, policy_ids: Iterable[str]) -> dict[str, Policy]:
        """Return the newest version of each of these policies."""
        keys: list[PolicyKey] = [
            (policy_id, version)
            for policy_id, version in store.rows(
                NEWEST_POLICIES, {"policy_ids": sorted(set(policy_ids))}
            )
        ]
        self.read_policies(store, keys)
        return {key[0]: self.policies[key] for key in keys}

    def read_rulebooks(self, store: Store) -> None:
        """Read rulebooks that were loaded since."""
        for kind, rulebook_id, version, loaded_at in store.rows(RULEBOOKS, {}):
            key = (kind, rulebook_id, version)
            if key in self._known:
                continue
            values = {"kind": kind, "rulebook_id": rulebook_id, "version": version}
            document = store.rows(RULEBOOK, values)[0][0]
            if kind == "compensation":
                self._rules.append((loaded_at, msgspec.convert(document, CompensationRules)))
            else:
                self._plans.append((loaded_at, plan_of_document(document)))
            self._known.add(key)

    def rules_at(self, at: datetime) -> CompensationRules | None:
        """Return the rules that were published last before an order was placed, else the first.

        So a new version changes nothing for orders placed before.
        """
        before = [rules for loaded_at, rules in self._rules if loaded_at <= at]
        if before:
            return before[-1]
        return self._rules[0][1] if self._rules else None

    @property
    def alerting_plan(self) -> AlertingPlan:
        """The plan of one's own that was loaded last, else the bundled one.

        Complaints go up as was published last.
        """
        plans = [plan for _, plan in self._plans]
        own = [plan for plan in plans if plan.plan_id != bundled_plan().plan_id]
        plan = (own or plans or [bundled_plan()])[-1]
        return with_published_rules(plan, self._rules[-1][1]) if self._rules else plan


@cache
def bundled_plan() -> AlertingPlan:
    """Return the plan that comes along."""
    text = files("gateway").joinpath("alerting/default.toml").read_text(encoding="utf-8")
    return read_alerting_plan(text, name="default.toml")


def _policy_of(row: _PolicyRow) -> Policy:
    if row.document is not None:
        return msgspec.convert(row.document, Policy)
    sides: list[tuple[Side, float | None]] = [("upper", row.upper_c), ("lower", row.lower_c)]
    return Policy(
        policy_id=row.policy_id,
        version=row.version,
        zone=Zone(row.zone),
        product_class=row.product_class,
        source=row.source,
        lower_c=_tenths(row.lower_c),
        upper_c=_tenths(row.upper_c),
        limits=tuple(_plain_limit(side, at_c) for side, at_c in sides if at_c is not None),
    )


def _plain_limit(side: Side, limit_c: float) -> Limit:
    """Return a limit of the first migration's policies: a range without durations.

    Whatever passes it is noticed, and nothing follows from that.
    """
    return Limit(
        name="too-warm" if side == "upper" else "too-cold",
        side=side,
        limit_c=round(limit_c, 2),
        counts_at_limit=False,
        duration_s=0,
        counting=Counting.CONSECUTIVE,
        window_s=None,
        hysteresis_c=0.0,
        verify_normal_s=0,
        measured=Measured.AIR,
        severity="notice",
    )


def _tenths(limit_c: float | None) -> float | None:
    return None if limit_c is None else round(limit_c, 2)
