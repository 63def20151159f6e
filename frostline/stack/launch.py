"""How does a child know that its parent is gone?

Run as a script between a parent and the program it starts: it gives up root, asks the kernel for a
signal at the parent's death, and becomes the program. The order matters: a change of account
clears the request, an exec of an ordinary program keeps it.

Imports only the standard library: it starts with `python -I -S`, in some 15 ms.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)
_UNCHANGED = -1


def launch(parent_pid: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Become `command`; return only if the parent is already gone."""
    if uid != _UNCHANGED:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it died before the request was made
        return
    # Python ignores these two, and a program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606  # a list of arguments, no shell


if __name__ == "__main__":
    _parent, _signal, _uid, _gid = map(int, sys.argv[1:5])
    launch(_parent, _signal, _uid, _gid, sys.argv[5:])
