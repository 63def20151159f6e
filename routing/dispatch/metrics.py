"""What does a dispatcher tell Prometheus?"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)

AT_WORK: Final = Gauge("frostline_dispatch_at_work", "Whether this dispatcher has the city.")
ORDERS: Final = Gauge("frostline_dispatch_orders", "Orders that are requested or under way.")
UNSERVED: Final = Gauge("frostline_dispatch_unserved", "Orders that the plan leaves behind.")
VERSION: Final = Gauge("frostline_dispatch_plan_version", "The version of the plan that stands.")
PLANS: Final = Counter("frostline_dispatch_plans_total", "Versions written.", ["reason"])
PLANS_REFUSED: Final = Counter(
    "frostline_dispatch_plans_refused_total", "Decisions thrown away: the version was taken."
)
UNPLANNABLE: Final = Counter(
    "frostline_dispatch_unplannable_total",
    "Looks at a city that can't be planned: a stored value is out of bounds.",
)
PROMISES: Final = Counter("frostline_dispatch_promises_total", "Answers to orders.", ["state"])
RESCUES: Final = Counter("frostline_dispatch_rescues_total", "Boxes in question.", ["chosen"])
COMMANDS: Final = Counter("frostline_dispatch_commands_total", "Commands answered.", ["accepted"])
STEP_SECONDS: Final = Histogram(
    "frostline_dispatch_step_seconds",
    "From reading the city until the decision's commit.",
    ["part"],
    buckets=_SECONDS,
)
TAKEOVERS: Final = Counter(
    "frostline_dispatch_takeovers_total", "Cities taken from a dispatcher that had gone silent."
)
DATABASE_RETRIES: Final = Counter(
    "frostline_dispatch_database_retries_total", "Attempts that failed because of the database."
)
