"""What does a sealer tell Prometheus?"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

AT_WORK: Final = Gauge("frostline_seal_at_work", "1 while this sealer has the lease.")
SEALS: Final = Counter("frostline_seal_seals_total", "Seals appended to the chain.")
BUNDLES: Final = Counter("frostline_seal_bundles_total", "Bundles of evidence sealed.")
SEAL_SECONDS: Final = Histogram(
    "frostline_seal_seconds",
    "From looking for unsealed bundles until the seal's commit.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DATABASE_RETRIES: Final = Counter(
    "frostline_seal_database_retries_total", "Attempts that failed because of the database."
)
