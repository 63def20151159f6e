"""What does a running process cost? Linux's own accounting, read from outside."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Since the process began."""

    cpu_s: float  # user and system, all threads
    resident_mb: float  # now; 1 MB = 10^6 bytes
    peak_mb: float


def cost_of(pid: int) -> Cost:
    """Read /proc/<pid>/stat and status; raise FileNotFoundError once it is gone."""
    folder = Path("/proc") / str(pid)
    # The name, in parentheses, may hold blanks; utime and stime are fields 14 and 15 (proc(5)).
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    status = dict(
        line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
    )
    return Cost(
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        resident_mb=_megabytes(status["VmRSS"]),
        peak_mb=_megabytes(status["VmHWM"]),
    )


def _megabytes(kibibytes: str) -> float:
    return int(kibibytes.split(maxsplit=1)[0]) * 1024 / 1e6
