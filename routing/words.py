"""How are times, amounts and costs said to people?"""

from routing.plan import minor_of


def clock(at_s: int) -> str:
    """Return a time of day, with seconds only if there are any: `09:05`, `09:05:20`."""
    minutes, seconds = divmod(at_s, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def duration(seconds: int) -> str:
    """Return a length of time: `45 s`, `12 min`, `2 h 5 min 1 s`."""
    minutes, rest_s = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = (hours, "h"), (minutes, "min"), (rest_s, "s")
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def money(units: int) -> str:
    """Return a cost in whole currency, `41.20`, rounded to the nearest hundredth."""
    minor = minor_of(abs(units))
    return f"{'-' if units < 0 and minor else ''}{minor // 100}.{minor % 100:02}"


def count(number: int, thing: str) -> str:
    """Return how many there are: `1 order`, `1,200 orders`."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"
