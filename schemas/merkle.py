"""Does a hash stand under a root? Merkle trees as in RFC 6962, section 2.1.

A leaf's hash begins with 0x00, a node's with 0x01, so that neither passes for the other. Checking
follows RFC 9162, section 2.1.3.2.
"""

import hashlib
from collections.abc import Sequence


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the leaves' data; the hash of nothing where there are none."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return _leaf(leaves[0])
    split = _split(len(leaves))
    return _node(root_of(leaves[:split]), root_of(leaves[split:]))


def path_of(leaves: Sequence[bytes], position: int) -> tuple[bytes, ...]:
    """Return the hashes, from the leaf upwards, that lead from one leaf to the root."""
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if position < split:
        return (*path_of(leaves[:split], position), root_of(leaves[split:]))
    return (*path_of(leaves[split:], position - split), root_of(leaves[:split]))


def root_by(leaf: bytes, position: int, leaves: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to; None: no tree of this size has such a path.

    `leaf` is its data, `leaves` how many the tree has.
    """
    if not 0 <= position < leaves:
        return None
    node, last, reached = position, leaves - 1, _leaf(leaf)
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            reached = _node(sibling, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = _node(reached, sibling)
        node, last = node >> 1, last >> 1
    return reached if last == 0 else None


def _leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(leaves: int) -> int:
    """Return the largest power of two below the number of leaves."""
    return 1 << (leaves - 1).bit_length() - 1
