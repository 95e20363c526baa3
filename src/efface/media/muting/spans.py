"""When no sound is heard."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, floor

from efface.domain.time import TimeRange


class MutedSpans:
    """Spans in seconds of the source's own clock."""

    def __init__(self, spans: Sequence[TimeRange], reach_s: Fraction = Fraction(0)) -> None:
        """
        Args:
            spans: in any order.
            reach_s: seconds by which each is longer on both sides.
        """
        self._spans = [TimeRange(span.start - reach_s, span.end + reach_s) for span in spans]

    def touch(self, start: Fraction, end: Fraction) -> bool:
        """Whether any moment between lies in a span."""
        return any(span.start < end and start < span.end for span in self._spans)

    def within(self, start: Fraction, num_samples: int, sample_rate: int) -> Iterator[slice]:
        """The samples that lie in a span, of some that begin at ``start``; one that is cut counts as in."""
        for span in self._spans:
            first = max(0, floor((span.start - start) * sample_rate))
            end = min(num_samples, ceil((span.end - start) * sample_rate))
            if first < end:
                yield slice(first, end)
