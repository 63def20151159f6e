"""However often sealers are killed: no gap in the chain, no bundle sealed twice or never."""

import os
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frostline.evidence import check_whole_chain
from frostline.stack.processes import Child, Children, Program
from frostline.stack.waiting import wait_until
from tests.seal_world import keep, run_sql

KILLS = 8
COUNT = "SELECT count(*) FROM sealed_evidence"


def test_sealers_are_killed_at_random_under_load(database_url: str, tmp_path: Path) -> None:
    """Two of them: whichever has the lease is killed; the other takes over."""
    chance = random.Random(20261122)
    with Children(tmp_path) as children, evidence_coming(database_url) as kept:
        sealers = [start_sealer(children, database_url) for _ in range(2)]
        for _ in range(KILLS):
            goal = sealed(database_url) + chance.randint(1, 20)
            wait_until(lambda goal=goal: sealed(database_url) >= goal, what="more seals")
            sealers.pop(0).kill()
            sealers.append(start_sealer(children, database_url))
        wait_until(lambda: len(kept) >= 100, what="enough evidence")
        children_done = len(kept)
        wait_until(lambda: sealed(database_url) >= children_done, what="all seals")
    with Children(tmp_path) as children:
        start_sealer(children, database_url)
        wait_until(lambda: sealed(database_url) == len(kept), what="the last seals")
    assert f" over {len(kept)} bundles hold, 0 bundles wait" in check_whole_chain(database_url)


def sealed(database_url: str) -> int:
    ((count,),) = run_sql(database_url, COUNT)
    assert isinstance(count, int)
    return count


@contextmanager
def evidence_coming(database_url: str) -> Iterator[list[int]]:
    """Store bundles until the context ends; give the ids."""
    kept: list[int] = []
    stop = threading.Event()

    def store() -> None:
        while not stop.wait(0.01):
            kept.append(keep(database_url, f"bundle {len(kept)}".encode()))

    thread = threading.Thread(target=store)
    thread.start()
    try:
        yield kept
    finally:
        stop.set()
        thread.join()


def start_sealer(children: Children, database_url: str) -> Child:
    settings = {
        "FROSTLINE_SEAL_DATABASE_URL": database_url,
        "FROSTLINE_SEAL_INTERVAL_S": "0.01",
    }
    command = (sys.executable, "-m", "frostline", "seal")
    return children.start(Program("seal", command, environ=os.environ | settings))
