"""What is told of a change? Each becomes an event, in the transaction that writes it."""

from collections.abc import Iterator

from gateway.judge.store_writes import Event, WrittenDecision, WrittenExcursion
from schemas import events
from schemas.events import CompensationEvent, ExcursionEvent

_CLOSED = frozenset({"closed", "closed_by_operator"})


def excursion_events(written: WrittenExcursion) -> Iterator[Event]:
    """Return the events of an excursion's new revision: opened, closed or revised.

    One that is over when it is found is opened and closed at once.
    """
    change = written.change
    data = _excursion(written)
    if change.was is None:
        yield Event(type=events.EXCURSION_OPENED, order_id=data.order_id, data=data)
    if change.state in _CLOSED and change.was in {None, "open", "lost"}:
        yield Event(type=events.EXCURSION_CLOSED, order_id=data.order_id, data=data)
    elif change.was is not None:
        yield Event(type=events.EXCURSION_REVISED, order_id=data.order_id, data=data)


def decision_events(written: WrittenDecision) -> Iterator[Event]:
    """Return the event of a decision; none where only its proof is new."""
    change = written.change
    if not change.is_news:
        return
    name = events.COMPENSATION_TRIGGERED if change.revision == 1 else events.COMPENSATION_CORRECTED
    decision = change.decision
    yield Event(
        type=name,
        order_id=change.order_id,
        data=CompensationEvent(
            trigger_id=written.trigger_id,
            revision=change.revision,
            order_id=change.order_id,
            consignment_id=decision.consignment_id,
            cause=decision.cause,
            outcome=decision.outcome,
            amount=decision.amount,
            delta=change.delta,
            currency=decision.currency,
            rulebook_id=change.rulebook_id,
            rulebook_version=change.rulebook_version,
            clause=decision.clause,
            reason=decision.reason,
            needs_review=decision.needs_review,
            found_late=change.found_late,
            evidence_sha256=written.evidence_sha256.hex(),
        ),
    )


def _excursion(written: WrittenExcursion) -> ExcursionEvent:
    change, found = written.change, written.verdict.found
    return ExcursionEvent(
        excursion_id=written.excursion_id,
        revision=change.revision,
        subject_kind=found.kind,
        subject_id=change.subject_id,
        order_id=found.order_id,
        place_id=found.place_id,
        limit=change.limit_name,
        side=change.side,
        severity=change.severity,
        state=change.state,
        source=change.source,
        from_at=change.from_at,
        until_at=change.until_at,
        extreme_c=round(change.extreme_c, 2),
        degree_minutes=round(change.degree_minutes, 2),
        duration_s=change.duration_s,
        policy_id=found.policy.policy_id,
        policy_version=found.policy.version,
        readings_sha256=found.readings_sha256.hex(),
        found_late=change.found_late,
    )
