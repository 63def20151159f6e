"""Merkle trees as RFC 6962 has them, against the vectors of Certificate Transparency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.merkle import path_of, root_by, root_of

# The eight leaves and the roots over the first n of them that certificate-transparency's own tests
# publish (google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc; the same in
# transparency-dev/merkle, testonly/constants.go).
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
# Inclusion proofs of the same source: leaf (from 0), tree size, path.
PATHS = (
    (0, 1, ()),
    (
        0,
        8,
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
    ),
    (
        5,
        8,
        (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (2, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    (
        1,
        5,
        (
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ),
)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_that_certificate_transparency_publishes(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("leaf", "size", "path"), PATHS)
def test_paths_are_those_that_certificate_transparency_publishes(
    leaf: int, size: int, path: tuple[str, ...]
) -> None:
    assert tuple(node.hex() for node in path_of(LEAVES[:size], leaf)) == path
    found = root_by(LEAVES[leaf], leaf, size, tuple(map(bytes.fromhex, path)))
    assert found is not None
    assert found.hex() == ROOTS[size]


@given(st.data())
def test_every_leaf_leads_to_the_root_and_no_other_data_does(data: st.DataObject) -> None:
    leaves = data.draw(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True))
    position = data.draw(st.integers(0, len(leaves) - 1))
    path = path_of(leaves, position)
    assert root_by(leaves[position], position, len(leaves), path) == root_of(leaves)
    assert root_by(leaves[position] + b"x", position, len(leaves), path) != root_of(leaves)


@given(st.data())
def test_a_path_leads_to_the_root_from_its_own_position_only(data: st.DataObject) -> None:
    leaves = data.draw(st.lists(st.binary(max_size=4), min_size=2, max_size=40, unique=True))
    position, other = data.draw(
        st.lists(st.integers(-1, len(leaves)), min_size=2, max_size=2, unique=True).filter(
            lambda pair: 0 <= pair[0] < len(leaves)
        )
    )
    path = path_of(leaves, position)
    assert root_by(leaves[position], other, len(leaves), path) != root_of(leaves)


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_path_that_is_too_long_or_too_short_leads_nowhere(extra: int) -> None:
    path = path_of(LEAVES, 5)
    wrong = path[:-1] if extra < 0 else (*path, path[0])
    assert root_by(LEAVES[5], 5, 8, wrong) is None


def test_a_node_does_not_pass_for_a_leaf() -> None:
    """What a second preimage would need: the data of a leaf that hashes like an inner node."""
    assert root_of([root_of(LEAVES[:2]) + root_of(LEAVES[2:4])]) != root_of(LEAVES[:4])
