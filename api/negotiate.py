"""Which of what we offer does the client prefer (RFC 9110, 12.5)?"""

from collections.abc import Iterator, Sequence


def best_media_type(accept: str, offered: Sequence[str]) -> str | None:
    """Return the offer that `accept` likes best, the first where it likes several; None: none."""
    if not accept.strip():
        return offered[0]
    wanted = list(_preferences(accept))
    liking = {offer: _media_quality(offer, wanted) for offer in offered}
    best = max(offered, key=lambda offer: liking[offer])
    return best if liking[best] > 0 else None


def best_language(accept_language: str, offered: Sequence[str], *, otherwise: str) -> str:
    """Return the offered language that comes first; `otherwise` where none is named at all."""
    wanted = sorted(_preferences(accept_language), key=lambda item: -item[1])
    for tag, quality in wanted:
        primary = tag.partition("-")[0]
        if quality > 0 and primary in offered:
            return primary
    named = [tag for tag, quality in wanted if tag != "*" and quality > 0]
    return "en" if named and "en" in offered else otherwise


def _preferences(header: str) -> Iterator[tuple[str, float]]:
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            yield name, _quality(parameters)


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _media_quality(offer: str, wanted: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that covers the offer."""
    kind = offer.partition("/")[0]
    for covering in (offer, f"{kind}/*", "*/*"):
        for name, quality in wanted:
            if name == covering:
                return quality
    return 0.0
