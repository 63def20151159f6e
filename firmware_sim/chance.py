"""What is left to chance, so that the same seed gives the same chances again?

The n-th draw of a key is the n-th output of a SplitMix64 stream (Steele, Lea, Flood 2014,
"Fast splittable pseudorandom number generators"). There is no state: whether advert 17 of a logger
is lost to a radio depends on the seed, the two and 17, not on who connected when.
"""

from hashlib import blake2b
from statistics import NormalDist
from typing import Final

_GOLDEN_GAMMA: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
_STANDARD_NORMAL: Final = NormalDist()


def key_of(*parts: object) -> int:
    """Return the key (64 bits) of a stream named by `parts`, such as a seed and an address."""
    name = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def bits(key: int, n: int) -> int:
    """Return 64 random bits: draw n (0, 1, …) of a key."""
    z = (key + (n + 1) * _GOLDEN_GAMMA) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def uniform(key: int, n: int) -> float:
    """Return draw n of a key as a number in [0, 1)."""
    return (bits(key, n) >> 11) * 2.0**-53


def normal(key: int, n: int) -> float:
    """Return draw n of a key from the standard normal distribution."""
    return _STANDARD_NORMAL.inv_cdf(((bits(key, n) >> 11) + 0.5) * 2.0**-53)
