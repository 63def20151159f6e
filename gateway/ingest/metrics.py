"""What does an ingestor tell Prometheus?"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

MESSAGES: Final = Counter("frostline_ingest_messages_total", "Messages taken from MQTT.")
READINGS: Final = Counter("frostline_ingest_readings_total", "Readings in them.")
NEW: Final = Counter("frostline_ingest_readings_new_total", "Readings not stored before.")
LATE: Final = Counter(
    "frostline_ingest_readings_late_total",
    "New readings not newer than what was stored of their logger, or from a repeated message.",
)
REPEATED: Final = Counter("frostline_ingest_readings_repeated_total", "Readings stored before.")
DEAD_LETTERS: Final = Counter("frostline_ingest_dead_letters_total", "Dead letters kept.")
COPY_REPEATED: Final = Counter(
    "frostline_ingest_copy_repeated_total",
    "Flushes whose COPY met a key that another ingestor had stored.",
)
FIXES: Final = Counter(
    "frostline_ingest_fixes_total",
    "Fixes of edges: stored, repeated, and those kept out: jump, future, backwards, nowhere.",
    ["outcome"],
)
FLUSH_SECONDS: Final = Histogram(
    "frostline_ingest_flush_seconds",
    "From the start of a transaction until its commit, attempts that failed included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300),
)
DEAD_LETTERS_GIVEN_UP: Final = Counter(
    "frostline_ingest_dead_letters_given_up_total",
    "Dead letters deleted for want of room that nobody had replayed.",
)
DATABASE_RETRIES: Final = Counter(
    "frostline_ingest_database_retries_total", "Attempts that failed because of the database."
)
BROKER_CONNECTED: Final = Gauge(
    "frostline_ingest_broker_connected", "1 while there is a connection to the broker."
)
BROKER_CONNECTIONS: Final = Counter(
    "frostline_ingest_broker_connections_total", "Connections to the broker made."
)
STALE_ACKS: Final = Counter(
    "frostline_ingest_stale_acks_total",
    "Acknowledgements left out because their connection was gone; the messages come again.",
)
WAITING: Final = Gauge(
    "frostline_ingest_waiting_messages", "Messages received and not yet taken into a flush."
)
