"""Who outside is told what, and did it arrive? Administration; the gateway's notifier delivers."""
