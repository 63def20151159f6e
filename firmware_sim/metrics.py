"""What does the simulator tell Prometheus?"""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from firmware_sim.air import AirServer


class AirCollector(Collector):
    """Reads the air's own counts when asked."""

    def __init__(self, air: AirServer) -> None:
        self._air = air

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yield every metric."""
        now = self._air.statistics()
        adverts = CounterMetricFamily(
            "frostline_sim_adverts_total",
            "Adverts by what became of them; all but `sent` count once for each radio.",
            labels=["fate"],
        )
        for fate, count in (
            ("sent", now.adverts_sent),
            ("lost", now.lost),
            ("delivered", now.delivered),
            ("duplicated", now.duplicated),
            ("overrun", now.overrun),
            ("faint", now.faint),
        ):
            adverts.add_metric([fate], count)
        yield adverts
        yield CounterMetricFamily(
            "frostline_sim_measurements_total", "Measurements taken.", now.measurements
        )
        yield CounterMetricFamily(
            "frostline_sim_measured_total", "Measurements that some edge must keep.", now.measured
        )
        yield CounterMetricFamily(
            "frostline_sim_malformed_total", "Connections closed for what they sent.", now.malformed
        )
        yield GaugeMetricFamily("frostline_sim_radios", "Radios now connected.", now.radios)
