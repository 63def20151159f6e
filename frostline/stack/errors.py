"""What can go wrong in the local stack? Each message says what to do about it."""


class StackError(RuntimeError):
    """The local stack cannot do what was asked of it."""


class PartUnavailable(StackError):
    """A part (database, broker, browser) is not on this machine and could not be fetched."""


class ChildDied(StackError):
    """A process of the stack ended by itself."""
