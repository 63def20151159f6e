"""What would a policy have said of orders whose curves are stored? Nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.judge import store_facts
from gateway.judge.dossiers import Library, dossiers_of
from gateway.judge.recordings import read_recordings
from gateway.judge.store import Store
from gateway.judge.store_documents import Documents
from gateway.rules.dossier import Dossier
from gateway.rules.judgement import Judgement
from gateway.rules.order_judgement import judge_order
from gateway.rules.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A box, judged by its own policy and by the one that is tried."""

    order_id: str
    consignment_id: str
    policy_id: str  # its own
    policy_version: int
    judged: Judgement  # by its own
    tried: Judgement


def try_policy(
    store: Store, policy: Policy, order_ids: Sequence[str], *, now: datetime
) -> list[Trial]:
    """Return what the policy says of those boxes of the orders that are of its zone."""
    facts = store_facts.order_facts(store, order_ids)
    documents = Documents()
    keys = ((row.policy_id, row.policy_version) for row in facts.consignments)
    documents.read_policies(store, keys)
    library = Library(policies=documents.policies, rules_at=documents.rules_at)
    recordings = read_recordings(store, facts.recordings, now)
    dossiers = dossiers_of(facts, recordings, library, now)
    return [trial for dossier in dossiers for trial in _trials(dossier, policy)]


def _trials(dossier: Dossier, policy: Policy) -> Iterator[Trial]:
    ours = [file for file in dossier.consignments if file.zone == policy.zone]
    judged = _judgements(replace(dossier, consignments=tuple(ours)))
    tried = _judgements(
        replace(dossier, consignments=tuple(replace(file, policy=policy) for file in ours))
    )
    for file in ours:
        if file.consignment_id in judged:
            yield Trial(
                order_id=dossier.order_id,
                consignment_id=file.consignment_id,
                policy_id=file.policy.policy_id,
                policy_version=file.policy.version,
                judged=judged[file.consignment_id],
                tried=tried[file.consignment_id],
            )


def _judgements(dossier: Dossier) -> dict[str, Judgement]:
    return {box.consignment_id: box.judgement for box in judge_order(dossier).consignments}
