"""A whole simulated day, through the real processes' loops, on one clock: docs/day.md."""
