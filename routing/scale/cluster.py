"""How are parts searched by the machines of a Ray cluster?

Every part is a Ray task of one core. Ray repeats a task whose worker or node is lost; what it gives
up on is sent again. The cluster's machines need the same frostline as this one: tasks name the
engine, they do not carry it.
"""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, Self

from routing.engine import Engine, Found
from routing.scale.crew import ASK_EVERY_S, CalledOff, CrewLost, Task, work

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "a cluster needs Ray: pip install 'frostline[ray]'", name="ray"
    ) from error

RETRIES: Final = 3
"""How often Ray repeats a task whose worker or node was lost."""

ATTEMPTS: Final = 3
"""How often in a row we send a part again that Ray gave up on."""


class Cluster:
    """A Ray cluster that searches parts. It connects, unless this process already has."""

    def __init__(self, engine: Engine, address: str) -> None:
        self._engine = engine
        self._connected_here = not ray.is_initialized()
        if self._connected_here:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        self._work = ray.remote(num_cpus=1, max_retries=RETRIES)(work)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connected_here:
            ray.shutdown()

    @property
    def hands(self) -> int:
        """Return the cluster's cores, as many as there are now."""
        resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return max(1, int(resources.get("CPU", 1)))

    def search(self, tasks: Sequence[Task], called_off: CalledOff) -> Iterator[tuple[int, Found]]:
        """Yield each task's number and answer as it is there, until all are or it's called off.

        Raises `CrewLost` if parts are lost `ATTEMPTS` times in a row.
        """
        engine = ray.put(self._engine)
        number = {self._work.remote(engine, task): k for k, task in enumerate(tasks)}
        lost = 0
        try:
            while number and not called_off():
                for ref in ray.wait(list(number), num_returns=1, timeout=ASK_EVERY_S)[0]:
                    k = number.pop(ref)
                    found = self._found(ref)
                    if found is not None:
                        lost = 0
                        yield k, found
                        continue
                    lost += 1
                    if lost == ATTEMPTS:
                        raise CrewLost(f"the cluster lost part {k} {lost} times")
                    number[self._work.remote(engine, tasks[k])] = k
        finally:
            for ref in number if ray.is_initialized() else ():
                ray.cancel(ref, force=True)

    def _found(self, ref: "ray.ObjectRef[Found]") -> Found | None:
        """Return an answer, or `None` if it is lost. The engine's own errors are bugs, and rise."""
        try:
            return ray.get(ref)
        except RayTaskError:
            raise
        except RayError:
            return None
