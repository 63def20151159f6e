"""What does an edge count?"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ADVERTS: Final = Counter(
    "frostline_edge_adverts_total", "Adverts heard, by what became of them.", ["outcome"]
)
READINGS: Final = Counter("frostline_edge_readings_total", "Readings committed to the outbox.")
LOGGERS: Final = Gauge("frostline_edge_loggers", "Loggers heard in the last 10 minutes.")
COMMIT_SECONDS: Final = Histogram(
    "frostline_edge_commit_seconds",
    "Time to commit what was heard.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
OUTBOX_READINGS: Final = Gauge(
    "frostline_edge_outbox_readings", "Readings kept and not yet confirmed."
)
OUTBOX_BYTES: Final = Gauge("frostline_edge_outbox_bytes", "Size of the outbox in use.")
OUTBOX_DROPPED: Final = Gauge(
    "frostline_edge_outbox_dropped", "Readings lost to a full outbox since it was made."
)
BATCHES: Final = Counter(
    "frostline_edge_batches_total",
    "Batches: published, resent, stored, dead_lettered, unheard (no subscriber), refused.",
    ["event"],
)
CONNECTED: Final = Gauge("frostline_edge_broker_connected", "1 while the broker is there.")
CONNECT_FAILURES: Final = Counter(
    "frostline_edge_broker_failures_total", "Connections to the broker that failed or broke."
)
SCANNER_STARTS: Final = Counter("frostline_edge_scanner_starts_total", "Scans begun.")
CLOCK_CONFIDENCE: Final = Gauge(
    "frostline_edge_clock_confidence", "As in the readings; -1 while the clock is not set."
)
FIXES: Final = Counter(
    "frostline_edge_fixes_total", "Positions: kept, sent, thinned out for want of room.", ["event"]
)
GPSD_CONNECTED: Final = Gauge("frostline_edge_gpsd_connected", "1 while gpsd is there.")
GPSD_FAILURES: Final = Counter(
    "frostline_edge_gpsd_failures_total", "Connections to gpsd that failed or broke."
)
