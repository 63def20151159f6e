"""What the simulator tells Prometheus."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from firmware_sim.air import AirServer, Beacon
from firmware_sim.metrics import AirCollector
from schemas.ids import LoggerId


def test_the_airs_counts_are_exposed_by_their_fate() -> None:
    registry = CollectorRegistry()
    air = AirServer(Path("air"))
    air.transmit(Beacon(LoggerId("C4:F0:57:00:00:01"), (0.0, 0.0)))  # no frame yet: not sent
    registry.register(AirCollector(air))
    page = generate_latest(registry).decode()

    fates = {"sent", "lost", "delivered", "duplicated", "overrun", "faint"}
    assert all(f'frostline_sim_adverts_total{{fate="{fate}"}} 0.0' in page for fate in fates)
    assert "frostline_sim_measured_total 0.0" in page
    assert "frostline_sim_radios 0.0" in page
