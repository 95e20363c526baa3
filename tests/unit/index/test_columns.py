"""Columns of numbers as text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.index.columns import decode_column, decode_delta_column, encode_column, encode_delta_column

_NUMBERS = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=50)


@given(_NUMBERS)
def test_a_column_comes_back_as_it_was(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    assert decode_column(encode_column(values), len(values)).tolist() == numbers
    assert decode_delta_column(encode_delta_column(values), len(values)).tolist() == numbers


def test_a_steady_column_is_short() -> None:
    assert encode_delta_column(np.arange(0, 5 * 1001, 1001)) == "0 1001*4"
    assert encode_column(np.array([7, 7, 7, 0])) == "7*3 0"


_NOT_TWO_NUMBERS = [
    *("", " ", "1 2 ", "1  2", "1,2", "1.5 2", "0x1 2", "1e3 2", "nan 1", "+1 2", "1 2 3", "1*3"),
    *("1*0 2 2", "1*-1 2", "\u0663 1", "1*999999999", "1 " * 100_000, "9" * 17 + " 1"),
]


@pytest.mark.parametrize("text", _NOT_TWO_NUMBERS)
def test_anything_but_two_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2"):
        decode_column(text, 2)


def test_a_delta_column_that_overflows_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        decode_delta_column("9999999999999999*999999999", 999_999_999)
