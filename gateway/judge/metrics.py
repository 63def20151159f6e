"""What does a judge tell Prometheus?"""

from typing import Final

from prometheus_client import Counter, Histogram

JUDGED: Final = Counter(
    "frostline_judge_judged_total", "Subjects judged: orders, places, loggers, intakes.", ["kind"]
)
READINGS: Final = Counter("frostline_judge_readings_total", "Readings looked at.")
PUT_OFF: Final = Counter(
    "frostline_judge_put_off_total", "Subjects put off because they were judged a moment ago."
)
HELD_ELSEWHERE: Final = Counter(
    "frostline_judge_held_elsewhere_total", "Subjects marked again because another judge had them."
)
REVISIONS: Final = Counter("frostline_judge_verdict_revisions_total", "Verdicts written.")
DECISIONS: Final = Counter("frostline_judge_decisions_total", "Compensation decisions written.")
CLAIM_SECONDS: Final = Histogram(
    "frostline_judge_claim_seconds",
    "From a claim's first statement until its commit.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
DATABASE_RETRIES: Final = Counter(
    "frostline_judge_database_retries_total", "Attempts that failed because of the database."
)
