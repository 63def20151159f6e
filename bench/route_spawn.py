"""How is an engine run in a process of its own, and what if it never comes back?"""

import os
import subprocess
import sys
from typing import Final

import msgspec

from bench.route_rows import Row, Task, instance_name

ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
WAYS: Final = 2  # an engine is asked in so many ways at most
PATIENCE_S: Final = 600.0
"""Beyond the time it was given: to import, to compile, to judge and to repair."""


def run(task: Task, *, patience_s: float = PATIENCE_S) -> Row:
    """Measure in a fresh process of one thread."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", "bench.route_child"],
            input=msgspec.json.encode(task),
            capture_output=True,
            env={**os.environ, **ONE_THREAD},
            timeout=WAYS * task.seconds * 2 + patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return _failed(task, f"no answer within {late.timeout:.0f} s")
    if child.returncode:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        return _failed(task, f"ended with {child.returncode}: {said[-1] if said else 'no word'}")
    return msgspec.json.decode(child.stdout, type=Row)


def _failed(task: Task, sentence: str) -> Row:
    return Row(
        problem_class=task.problem_class,
        orders=task.orders,
        seed=task.seed,
        engine=task.engine,
        seconds=task.seconds,
        cost=None,
        unserved=None,
        instance=task.instance and instance_name(task.instance),
        failure=sentence,
    )
