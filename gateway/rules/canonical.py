"""What are a value's bytes, the same on every machine, so that a hash of them proves it?

JSON in UTF-8, keys sorted, no spaces, floats to 4 decimals: far below what a thermometer tells, far
above what two processors' arithmetic differs by. Written twice, the bytes stay the same.
"""

import hashlib
import math
from typing import Final

import msgspec
import numpy as np

DECIMALS: Final = 4


class NotCanonical(ValueError):
    """A value that has no one way to be written. The message says which."""


def canonical_json(value: object) -> bytes:
    """Return the bytes of dataclasses, mappings, sequences, numpy arrays and plain values.

    Refuses NaN, infinity and what is too large to round: what is not known is None.
    """
    return msgspec.json.encode(plain(value), order="sorted")


def canonical_sha256(value: object) -> bytes:
    """Return the 32 bytes of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).digest()


def plain(value: object) -> object:
    """Return a value as dicts, lists and scalars, floats rounded; bytes become base64."""
    return _rounded(msgspec.to_builtins(value, enc_hook=_array, str_keys=True))


def _array(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return _rounded_float(value)
    if isinstance(value, list):
        kinds = set(map(type, value))
        if kinds == {int}:
            return value
        return _rounded_floats(value) if kinds == {float} else [_rounded(v) for v in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value


def _rounded_float(value: float) -> float:
    scaled = value * 10**DECIMALS  # too large a value becomes infinite here
    if not math.isfinite(scaled):
        raise NotCanonical(f"{value} is no number that can be rounded; None says: not known")
    return round(scaled) / 10**DECIMALS + 0.0  # -0.0 and 0.0 are one value


def _rounded_floats(values: list[float]) -> list[float]:
    with np.errstate(over="ignore"):
        scaled = np.array(values) * 10**DECIMALS
    if not np.isfinite(scaled).all():
        raise NotCanonical("a list holds what cannot be rounded; None says: not known")
    rounded: list[float] = (np.rint(scaled) / 10**DECIMALS + 0.0).tolist()
    return rounded
