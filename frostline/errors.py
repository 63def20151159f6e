"""What ends a command with one sentence and exit code 2?"""


class CommandRefused(Exception):
    """The caller can mend it. The message is one sentence that says how."""
