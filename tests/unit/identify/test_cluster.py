"""Average-linkage clustering with pairs that must stay apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from efface.identify.cluster import cluster_apart


def distances_of(points: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(squareform(pdist(points)), np.float32)


def partition(labels: NDArray[np.intp]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def test_empty_and_single_inputs_are_their_own_clusters() -> None:
    assert cluster_apart(np.zeros((0, 0), np.float32), 1).tolist() == []
    assert cluster_apart(np.zeros((1, 1), np.float32), 1).tolist() == [0]


def test_near_items_are_joined_and_far_ones_are_not() -> None:
    points = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    assert cluster_apart(distances_of(points), 1).tolist() == [0, 0, 2, 2, 4]


def test_forbidden_pair_stays_apart_though_it_is_nearest() -> None:
    distances = distances_of(np.array([[0.0], [0.01], [0.5]]))
    distances[0, 1] = distances[1, 0] = np.inf
    labels = cluster_apart(distances, 1)
    assert labels[0] != labels[1]
    assert labels[2] == labels[1]


def test_forbidden_pair_keeps_whole_clusters_apart() -> None:
    distances = distances_of(np.array([[0.0], [0.1], [0.3], [0.4]]))
    distances[0, 3] = distances[3, 0] = np.inf
    assert partition(cluster_apart(distances, 1)) == {frozenset({0, 1}), frozenset({2, 3})}


def test_input_is_left_as_it_was() -> None:
    distances = distances_of(np.array([[0.0], [0.1], [0.3]]))
    before = distances.copy()
    cluster_apart(distances, 1)
    assert (distances == before).all()


@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(0.1, 3.0))
def test_without_forbidden_pairs_it_equals_average_linkage(seed: int, n: int, limit: float) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 4))
    expected = fcluster(linkage(pdist(points), "average"), limit, "distance")
    assert partition(cluster_apart(distances_of(points), limit)) == partition(expected.astype(np.intp))


@given(st.integers(0, 10_000), st.integers(2, 25), st.floats(0.0, 0.6))
def test_no_cluster_ever_holds_a_forbidden_pair(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    distances = distances_of(rng.normal(size=(n, 2)))
    forbidden = np.triu(rng.random((n, n)) < share, 1)
    forbidden |= forbidden.T
    distances[forbidden] = np.inf
    labels = cluster_apart(distances, 2.0)
    assert not (forbidden & (labels[:, None] == labels[None, :])).any()
    assert (labels[labels] == labels).all()
    assert (labels <= np.arange(n)).all()


@given(st.integers(0, 10_000), st.integers(2, 20))
def test_order_of_the_items_does_not_change_the_clusters(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    distances = distances_of(rng.normal(size=(n, 3)))
    order = rng.permutation(n)
    shuffled = partition(cluster_apart(distances[np.ix_(order, order)], 1.5))
    back = {frozenset(int(order[i]) for i in cluster) for cluster in shuffled}
    assert back == partition(cluster_apart(distances, 1.5))
