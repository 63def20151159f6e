"""A problem has one hash, in whichever process, and another problem another one."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from routing.dispatch.problem_of import stand
from routing.dispatch.replanning import sha256_of
from tests.living_city import WAYS, city_state

ROOT = Path(__file__).parents[2]
SAY_IT = """
from dataclasses import replace
from routing.dispatch.replanning import sha256_of
from tests.routing_world import random_problem
problem = random_problem(1)
skilled = replace(problem.vehicles[0], skills=frozenset(map(str, range(50))))
print(sha256_of(replace(problem, vehicles=(skilled, *problem.vehicles[1:]))).hex())
"""


def said_with(hash_seed: str) -> str:
    """Return the hash as a new process says it, where sets of strings have an order of its own."""
    environ = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SAY_IT]
    return subprocess.run(
        command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_every_process_says_the_same_hash() -> None:
    """Fifty skills of a vehicle stand in another order in each process."""
    said = said_with("1")
    assert len(said.strip()) == 64
    assert said_with("2") == said


def test_another_second_or_order_is_another_problem() -> None:
    problem = stand(city_state(orders=3), WAYS).problem
    own = sha256_of(problem)
    assert own == sha256_of(replace(problem))
    assert own != sha256_of(replace(problem, now_s=problem.now_s + 1))
    assert own != sha256_of(replace(problem, orders=problem.orders[1:]))
