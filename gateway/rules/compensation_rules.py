"""Which rules does a grocer publish for compensation? Data, read from a TOML file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationRules:
    """A published version of the rules."""

    rulebook_id: str
    version: int
