"""A made-up city's streets."""

import numpy as np
import pytest

from routing.roads.graph import mode_graph
from routing.roads.made_up import M_PER_DEG, made_up_streets
from routing.roads.network import Network

SEEDS = (1, 7)


@pytest.fixture(scope="module", params=SEEDS)
def network(request: pytest.FixtureRequest) -> Network:
    return made_up_streets(int(request.param))


def tags_of(network: Network, edge: int) -> dict[str, str]:
    return dict(network.tags[network.tag_of[edge]])


def test_it_has_the_size_of_a_city(network: Network) -> None:
    north_m = np.ptp(network.lat_deg) * M_PER_DEG
    east_m = np.ptp(network.lon_deg) * M_PER_DEG * np.cos(np.radians(30.27))

    assert north_m >= 16_000
    assert east_m >= 16_000
    assert network.junctions >= 10_000


def test_a_van_gets_from_nearly_everywhere_to_nearly_everywhere(network: Network) -> None:
    # What is left out of a mode's graph is not in its largest strongly connected part.
    assert len(mode_graph(network, "van").edges) > 0.98 * network.edges


def test_some_side_streets_are_one_way_and_no_main_street_is(network: Network) -> None:
    one_way = {
        tags["highway"]
        for tags in (tags_of(network, e) for e in range(network.edges))
        if "oneway" in tags
    }
    share = np.mean(["oneway" in network.tags[k] for k in network.tag_of])

    assert one_way == {"residential"}
    assert 0.05 < share < 0.4


def test_only_bridges_cross_the_river(network: Network) -> None:
    graph = mode_graph(network, "van")
    bridges = [edge for edge in range(network.edges) if "bridge" in tags_of(network, edge)]
    assert len(bridges) == 7

    # Without them there are two halves: neither reaches the other.
    tail, head = network.tail[bridges[0]], network.head[bridges[0]]
    arcs = graph.arcs.tolil()
    for edge in bridges:
        arcs[network.tail[edge], network.head[edge]] = 0
        arcs[network.head[edge], network.tail[edge]] = 0
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    cut = arcs.tocsr()
    cut.eliminate_zeros()
    _, part = connected_components(cut, directed=False)
    assert part[tail] != part[head]


def test_the_same_seed_gives_the_same_streets() -> None:
    one, again, other = made_up_streets(3), made_up_streets(3), made_up_streets(4)

    assert np.array_equal(one.lat_deg, again.lat_deg)
    assert np.array_equal(one.tail, again.tail)
    assert not np.array_equal(one.lat_deg[:100], other.lat_deg[:100])
