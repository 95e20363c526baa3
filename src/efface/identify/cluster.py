"""Agglomerative clustering with average linkage and pairs that must stay apart."""

import numpy as np
from numpy.typing import NDArray


def cluster_apart(distances: NDArray[np.float32], max_distance: float) -> NDArray[np.intp]:
    """Merge the two nearest clusters again and again, until none are near enough.

    The distance of two clusters is the mean over all pairs of their members; an infinite pair keeps them
    apart for ever. Ties go to the first, so the result depends on nothing but the input.

    Args:
        distances: (n, n) symmetric, ``inf`` for pairs that must not be joined; the diagonal is ignored.
        Needs 4 n²
            bytes for a working copy and about n² steps.
        max_distance: clusters up to this far apart are joined.

    Returns:
        (n,) cluster of each item: the index of the cluster's first item.
    """
    n = len(distances)
    labels = np.arange(n, dtype=np.intp)
    if n < 2:
        return labels
    work = np.array(distances, np.float32)
    np.fill_diagonal(work, np.inf)
    sizes = np.ones(n, np.float32)
    nearest = work.argmin(axis=1)
    gaps = work[np.arange(n), nearest]
    while True:
        i = int(gaps.argmin())
        if not gaps[i] <= max_distance:
            return labels
        keep, gone = sorted((i, int(nearest[i])))
        _merge(work, sizes, keep, gone)
        labels[labels == gone] = keep
        gaps[gone] = np.inf
        # Averaging never brings a cluster nearer than its nearer half was, so only these rows can have
        # changed.
        stale = np.flatnonzero(((nearest == keep) | (nearest == gone)) & np.isfinite(gaps))
        for row in {keep, *(int(k) for k in stale)}:
            nearest[row] = work[row].argmin()
            gaps[row] = work[row, nearest[row]]


def _merge(work: NDArray[np.float32], sizes: NDArray[np.float32], keep: int, gone: int) -> None:
    total = sizes[keep] + sizes[gone]
    joined = (sizes[keep] * work[keep] + sizes[gone] * work[gone]) / total
    joined[[keep, gone]] = np.inf
    work[keep], work[:, keep] = joined, joined
    work[gone], work[:, gone] = np.inf, np.inf
    sizes[keep] = total
