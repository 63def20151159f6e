"""Why may a request be refused?

Each reason is an error with its facts. What it becomes on HTTP stands in `api.errors` only.
"""

from datetime import datetime


class Refused(Exception):
    """A request that is refused; the message is for the one who asked."""

    faults: tuple[tuple[str, str], ...] = ()
    """Where in the request, and what, where there is more than the message says."""


class NoSuchThing(Refused):
    """What the path or the body names does not exist."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"There is no {kind} {name}.")


class AlreadyExists(Refused):
    """The id is taken by something else."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"There is already a {kind} {name}.")


class KeyReused(Refused):
    """An idempotency key came again with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; use a new key.")


class BindingOverlaps(Refused):
    """A logger is bound elsewhere in that time."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    @classmethod
    def taken(cls, logger_id: str, binding_id: int) -> "BindingOverlaps":
        """Say that the logger is taken and `takeover` is false."""
        return cls(
            f"Logger {logger_id} is bound by binding {binding_id} in that time; "
            "close it first, or ask with takeover=true."
        )

    @classmethod
    def begins_later(cls, binding_id: int, from_at: datetime) -> "BindingOverlaps":
        """Say that another binding begins at or after the new start, so it cannot end there."""
        return cls(
            f"Binding {binding_id} begins at {from_at.isoformat()}, not before this one; "
            "bind until then, or close that one first."
        )


class StayOverlaps(Refused):
    """A consignment stands elsewhere in that time."""

    def __init__(self, stay_id: int, from_at: datetime) -> None:
        super().__init__(
            f"Stay {stay_id} begins at {from_at.isoformat()}, not before this one; "
            "stay until then, or close that one first."
        )


class ShiftOverlaps(Refused):
    """A vehicle is staffed already in that time."""

    def __init__(self, vehicle_id: str, shift_id: str, from_at: datetime) -> None:
        super().__init__(
            f"The vehicle {vehicle_id} has the shift {shift_id} from {from_at.isoformat()} in that "
            "time; cancel it or end it first."
        )


class NotDelivered(Refused):
    """A delivery that the city's policy does not allow: there, then, or to this level."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.faults = ((f"body.{field}", message),)


class BatchRefused(Refused):
    """All or nothing of a batch was wanted, and some of it is refused."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__(f"{len(faults)} orders are refused, so none is written.")
        self.faults = faults


class NotOffered(Refused):
    """An answer to an offer that does not stand."""


class JourneyContradicted(Refused):
    """A step of a journey that cannot follow what was said of it before."""


class StillToCome(Refused):
    """A time at which something has happened, but later than now."""

    def __init__(self, field: str, at: datetime, *, now: datetime) -> None:
        super().__init__(
            f"{field} is {at.isoformat()}, and it is only {now.isoformat(timespec='seconds')}; "
            "give the time at which it happened, and set the clock that it came from."
        )
        self.faults = ((f"body.{field}", str(self)),)


class AlreadyClosed(Refused):
    """What should be closed or changed has ended."""

    def __init__(self, kind: str, name: object, at: datetime) -> None:
        super().__init__(f"The {kind} {name} ended at {at.isoformat()}.")


class EndsBeforeStart(Refused):
    """A time span without a length."""

    def __init__(self, from_at: datetime) -> None:
        super().__init__(f"The end must come after the start, {from_at.isoformat()}.")


class MilestoneReached(Refused):
    """A milestone was reached at another time; history is not rewritten."""

    def __init__(self, milestone: str, at: datetime) -> None:
        super().__init__(f"The order was {milestone} at {at.isoformat()}; that stands.")


class AlreadyAcknowledged(Refused):
    """Somebody else sees to an alert."""

    def __init__(self, alert_id: int, by: str, at: datetime) -> None:
        super().__init__(
            f"The alert {alert_id} was acknowledged by {by} at {at.isoformat()}; "
            "add to it with a comment."
        )


class AlreadyAnswered(Refused):
    """A complaint was answered otherwise; what a member was told stands."""

    def __init__(self, complaint_id: str, at: datetime | None) -> None:
        when = f" at {at.isoformat()}" if at else ""
        super().__init__(f"The complaint {complaint_id} was answered otherwise{when}; that stands.")


class StalePlan(Refused):
    """A command about a version of the plan that does not stand."""

    def __init__(self, city_id: str, *, said: int, newest: int) -> None:
        super().__init__(
            f"The plan of {city_id} is at version {newest}, and you saw {said}; "
            "look at it again, and say it with that base_version."
        )


class CommandRefused(Refused):
    """The dispatcher decided against a command."""

    def __init__(self, command_id: str, reason: str) -> None:
        super().__init__(f"The command {command_id} was refused: {reason}")


class TooManyReadings(Refused):
    """A curve too long to be read at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"More than {limit} readings of one logger; ask for a part with from and to."
        )


class BadQuery(Refused):
    """Parameters or headers that do not fit together."""


class WebhookUrlRefused(Refused):
    """A webhook may not go there."""


class NotAcceptable(Refused):
    """None of the media types that the client accepts."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        super().__init__(f"This answers as {', '.join(offered)}.")


class NoToken(Refused):
    """No token, or one that is wrong, expired or revoked: the answer doesn't say which."""

    def __init__(self) -> None:
        super().__init__(
            "Send a valid token: `Authorization: Bearer ...` (`frostline token create` makes one)."
        )


class ScopeMissing(Refused):
    """A valid token without the right."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token lacks the scope {scope}.")


class LinkRefused(Refused):
    """A member's link that is wrong, expired or foreign: the answer doesn't say which."""

    def __init__(self) -> None:
        super().__init__("This link is not valid, or not any more. Please ask for a new one.")


class DatabaseAway(Refused):
    """The database does not answer, or is not migrated yet."""

    def __init__(self) -> None:
        super().__init__("The database does not answer; try again in a few seconds.")
