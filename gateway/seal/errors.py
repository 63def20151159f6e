"""What ends a sealer, because a person must mend it?"""


class SealRefused(Exception):
    """A person must choose. The message is one sentence that says what to do."""


class SchemaMissing(SealRefused):
    """The database was never migrated."""


class ChainBroken(SealRefused):
    """The seals in the database were changed: no other may be chained to them."""
