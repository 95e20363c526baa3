"""Text that people give: names of videos and persons, in any script."""

_JOINERS = frozenset("\u200c\u200d")
"""Zero-width non-joiner and joiner: Persian and Hindi names are misspelt without them, emoji fall apart. Of the other
characters that cannot be seen, some turn the text around them, so that a name reads like another."""


def is_printable(text: str) -> bool:
    """True for text without control characters, line breaks, and marks that turn what stands around them."""
    return text.isprintable() or all(char.isprintable() or char in _JOINERS for char in text)


def printable(text: str, instead: str) -> str:
    """The text with ``instead`` in place of each character that is not printable."""
    return "".join(char if is_printable(char) else instead for char in text)
