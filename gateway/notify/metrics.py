"""What does a notifier tell Prometheus?"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

QUEUED: Final = Counter("frostline_notify_queued_total", "Deliveries made of events.")
ATTEMPTS: Final = Counter(
    "frostline_notify_attempts_total",
    "Attempts, by how they ended: delivered, answered (another status), or without an answer.",
    ["outcome"],
)
ATTEMPT_SECONDS: Final = Histogram(
    "frostline_notify_attempt_seconds",
    "From looking up the receiver's name until its answer.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30),
)
FIRST_ATTEMPT_SECONDS: Final = Histogram(
    "frostline_notify_first_attempt_seconds",
    "From queueing a delivery until its first attempt has ended.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 3600),
)
GIVEN_UP: Final = Counter(
    "frostline_notify_given_up_total", "Deliveries given up: by the schedule, or nobody wants them."
)
DISABLED: Final = Counter(
    "frostline_notify_endpoints_disabled_total", "Endpoints that answered 410."
)
WAITING: Final = Gauge("frostline_notify_waiting", "Deliveries neither made nor given up.")
OLDEST_WAITING_SECONDS: Final = Gauge(
    "frostline_notify_oldest_waiting_seconds", "How long the oldest of them waits."
)
AT_WORK: Final = Gauge("frostline_notify_at_work", "1 at work, 0 waiting behind another notifier.")
DATABASE_RETRIES: Final = Counter(
    "frostline_notify_database_retries_total", "Connections to the database that failed."
)
