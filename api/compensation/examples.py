"""What do triggers, reviews, rules and policies look like, for the documentation?"""

from typing import Any, Final

DECISION: Final = {
    "revision": 1,
    "decided_at": "2026-11-21T03:10:04Z",
    "decided_by": "rules",
    "outcome": "approved",
    "amount": 19200,
    "delta": 19200,
    "currency": "CNY",
    "rulebook_id": "fresh-promise",
    "rulebook_version": 1,
    "clause": "1.1",
    "reason": "The box's own logger shows goods that spoiled (critical).",
    "needs_review": False,
    "found_late": False,
    "evidence_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}
TRIGGER: Final = {
    **DECISION,
    "trigger_id": 19,
    "order_id": "2026-1121-0007",
    "consignment_id": "2026-1121-0007.chilled",
    "cause": "spoiled:2026-1121-0007.chilled",
    "triggered_at": "2026-11-21T03:10:04Z",
}
NEW_REVIEW: Final = {
    "decision": "amount",
    "amount": 12800,
    "comment": "The photo shows that half of the goods were fine.",
    "by": "service-desk-3",
}
REVIEW: Final = {
    "review_id": 4,
    "trigger_id": 19,
    "at": "2026-11-21T08:00:00Z",
    **NEW_REVIEW,
}
LEDGER: Final = {**TRIGGER, "net": 19200, "ledger": [DECISION], "reviews": []}

RULES: Final = {
    "rulebook_id": "fresh-promise",
    "version": 1,
    "loaded_at": "2026-11-01T00:00:00Z",
    "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
    "document": {"rulebook_id": "fresh-promise", "version": 1, "currency": "CNY"},
    "toml": 'rulebook_id = "fresh-promise"\nversion = 1\ncurrency = "CNY"\n',
    "language": "en",
    "text": "# What you get when we fail you\n\n- **4.5** The same loss is compensated once.\n",
    "clauses": {"4.5": "The same loss is compensated once."},
}
POLICY: Final = {
    "policy_id": "chilled",
    "version": 2,
    "zone": "chilled",
    "product_class": None,
    "lower_c": 0.0,
    "upper_c": 4.0,
    "source": "The grocer's own promise; GB/T 24616-2019 allows up to 8 °C",
    "loaded_at": "2026-11-01T00:00:00Z",
}
POLICY_DOCUMENT: Final = {
    **POLICY,
    "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
    "document": {"policy_id": "chilled", "version": 2, "zone": "chilled"},
    "toml": 'policy_id = "chilled"\nversion = 2\nzone = "chilled"\n',
}
EVIDENCE_FILE: Final[dict[str, Any]] = {
    "bundle": {},
    "format": "frostline-evidence/1",
    "seal": None,
    "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
}
