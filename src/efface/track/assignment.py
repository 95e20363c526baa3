"""Which of many go with which of others, so that the whole fits best."""

import numpy as np
from numpy.typing import NDArray


def best_pairs(affinity: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs (row, column) whose affinities add up to the most; each row and column is used once at most.

    Args:
        affinity: (n, m) how well rows and columns go together; pairs of 0 or less are never made.
    """
    if affinity.size == 0 or not (affinity > 0).any():
        return []
    # Loading SciPy's optimisers takes half a second, which a render with a ready index need not wait for.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    rows, columns = linear_sum_assignment(-affinity)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if affinity[r, c] > 0]
