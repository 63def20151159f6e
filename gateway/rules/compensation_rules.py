"""Which rules does a grocer publish for compensation? Data, read from a TOML file.

Amounts are integers in the currency's smallest unit, shares are per mille of a value, times are
seconds. Each rule carries the clause that members read, so that text and rule cannot part.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.events import Severity
from schemas.reading import Zone

Obstacle = Literal["cancelled", "refused"]
CauseKind = Literal["spoiled", "late", "complaint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What members are told, in both languages; `{percent}` and the like stand for the numbers."""

    number: str  # "3.1"
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoiledShare:
    """What an excursion, or a budget used up, of this severity gives back of the goods' value."""

    clause: Clause
    severity: Severity
    per_mille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRule:
    """Zones whose goods must be measured: where they were not, a person decides."""

    clause: Clause
    zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LateStep:
    """What is given back of the delivery fee from so late on. The latest step reached holds."""

    clause: Clause
    late_s: int
    per_mille: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallComplaints:
    """Minor complaints are settled at once up to so much an order."""

    clause: Clause
    at_once_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLevel:
    """Who answers for a serious complaint once it is so old."""

    after_s: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriousComplaints:
    """Serious complaints are answered by a person, in time."""

    clause: Clause
    answer_within_s: int
    levels: tuple[AnswerLevel, ...]  # the first from 0 s on


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticLimit:
    """A single decision above this amount is a person's."""

    clause: Clause
    amount_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCap:
    """Another cap for members of one level."""

    member_level: str
    order_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """All that is paid for one order, by rules and people together."""

    clause: Clause
    order_max: int
    levels: tuple[LevelCap, ...]

    def of(self, member_level: str) -> int:
        """Return the cap for a member of this level."""
        for level in self.levels:
            if level.member_level == member_level:
                return level.order_max
        return self.order_max


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingRule:
    """What rules out a compensation: orders cancelled, goods refused at the door."""

    clause: Clause
    obstacle: Obstacle
    causes: tuple[CauseKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceRule:
    """The same loss is compensated once."""

    clause: Clause


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationRules:
    """A published version of the rules."""

    rulebook_id: str
    version: int
    currency: str  # ISO 4217
    title_zh: str
    title_en: str
    spoiled: tuple[SpoiledShare, ...]
    proof: ProofRule
    late: tuple[LateStep, ...]  # by `late_s`, rising
    small_complaints: SmallComplaints
    serious_complaints: SeriousComplaints
    automatic: AutomaticLimit
    cap: Cap
    blocked: tuple[BlockingRule, ...]
    once: OnceRule

    def clauses(self) -> tuple[Clause, ...]:
        """Return every clause, in the order of the file."""
        return (
            *(share.clause for share in self.spoiled),
            self.proof.clause,
            *(step.clause for step in self.late),
            self.small_complaints.clause,
            self.serious_complaints.clause,
            self.automatic.clause,
            self.cap.clause,
            *(rule.clause for rule in self.blocked),
            self.once.clause,
        )
