"""Text of people, in any script."""

import pytest

from efface.domain.text import is_printable, printable


@pytest.mark.parametrize(
    "text", ["\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "क्\u200dष", "👨\u200d👩\u200d👧", "Zoë O'Hara", ""]
)
def test_names_of_any_script_are_kept(text: str) -> None:
    assert is_printable(text)
    assert printable(text, "?") == text


@pytest.mark.parametrize("mark", ["\n", "\x1b", "\u202e", "\u2066", "\u200f", "\ufeff", "\x00", "\u2028"])
def test_what_steers_a_terminal_or_turns_a_line_is_not(mark: str) -> None:
    assert not is_printable(f"a{mark}b")
    assert printable(f"a{mark}b", "?") == "a?b"
