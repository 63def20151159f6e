"""As which account do servers run when Frostline was started by root?

PostgreSQL refuses root, and a broker needs none of its powers.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from frostline.stack.errors import StackError

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account that a process gives itself up to."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account that servers drop to, or None when we are not root anyway."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        f"PostgreSQL refuses to run as root, and there is no account {' or '.join(_CANDIDATES)}; "
        "create one (useradd --system postgres) or run frostline as an ordinary user"
    )


def give(path: Path, account: Account | None) -> None:
    """Make a file or folder belong to the account; nothing to do when we are not root."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def check_reachable(path: Path, account: Account | None) -> None:
    """Raise StackError unless the account can walk down to the folder."""
    if account is None:
        return
    for folder in (path, *path.parents):
        status = folder.stat()
        reachable = status.st_mode & 0o001 or (
            status.st_mode & 0o100 and status.st_uid == account.uid
        )
        if not reachable:
            raise StackError(
                f"{folder} is closed to the account {account.name}, which the servers run as; "
                "set FROSTLINE_CACHE or FROSTLINE_STATE to a folder outside it"
            )
