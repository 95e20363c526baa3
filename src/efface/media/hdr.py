"""HDR10's static metadata: read from a decoded frame, written in the words of each encoder."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

_MASTERING_INTS = 22
"""AVMasteringDisplayMetadata: ten rationals (x, y of red, green, blue, white; luminance range), two flags."""
_CHROMATICITY_UNIT = 50_000
_LUMINANCE_UNIT = 10_000


@dataclass(frozen=True, slots=True)
class HdrMetadata:
    """The display that a film was made on (SMPTE ST 2086), and its brightest pixels (CTA-861.3)."""

    primaries: tuple[Fraction, ...] = ()
    """CIE 1931 x and y of red, green, blue and white: eight values, or none."""
    luminance: tuple[Fraction, Fraction] | None = None
    """Least and greatest luminance in candela per square metre."""
    light_level: tuple[int, int] | None = None
    """Greatest and greatest frame-average light level in candela per square metre."""

    @property
    def is_empty(self) -> bool:
        """True where an encoder has nothing to write."""
        return self.light_level is None and not self.has_mastering_display

    @property
    def has_mastering_display(self) -> bool:
        """True where the display is described in full; encoders take nothing less."""
        return len(self.primaries) == 8 and self.luminance is not None

    def encoder_option(self, family: str) -> tuple[str, str] | None:
        """Name and value of the option that makes an encoder write this, None where it cannot."""
        if self.is_empty:
            return None
        writers = {
            "h264": ("x264-params", self._scaled("mastering-display", "cll")),
            "hevc": ("x265-params", ["hdr10=1", *self._scaled("master-display", "max-cll")]),
            "av1": ("svtav1-params", self._decimal()),
        }
        found = writers.get(family)
        return (found[0], ":".join(found[1])) if found else None

    def _scaled(self, display_key: str, light_key: str) -> list[str]:
        parts = []
        if self.has_mastering_display and self.luminance:
            steps = [round(value * _CHROMATICITY_UNIT) for value in self.primaries]
            least, greatest = (round(value * _LUMINANCE_UNIT) for value in self.luminance)
            red, green, blue, white = (f"({steps[i]},{steps[i + 1]})" for i in (0, 2, 4, 6))
            parts.append(f"{display_key}=G{green}B{blue}R{red}WP{white}L({greatest},{least})")
        if self.light_level:
            parts.append(f"{light_key}={self.light_level[0]},{self.light_level[1]}")
        return parts

    def _decimal(self) -> list[str]:
        parts = []
        if self.has_mastering_display and self.luminance:
            steps = [f"{float(value):.5f}" for value in self.primaries]
            least, greatest = (f"{float(value):.4f}" for value in self.luminance)
            red, green, blue, white = (f"({steps[i]},{steps[i + 1]})" for i in (0, 2, 4, 6))
            parts.append(f"mastering-display=G{green}B{blue}R{red}WP{white}L({greatest},{least})")
        if self.light_level:
            parts.append(f"content-light={self.light_level[0]},{self.light_level[1]}")
        return parts


def side_data_kinds(frame: av.VideoFrame) -> frozenset[str]:
    """Names of the kinds of side data that a frame carries; none where PyAV has no name for one of them."""
    try:
        sides: Any = frame.side_data
        return frozenset(side.type.name for side in sides)
    except ValueError:
        return frozenset()


def side_data_ints(frame: av.VideoFrame, kind: str) -> tuple[int, ...]:
    """One kind of side data as 32-bit integers; empty where the frame has none."""
    if kind not in side_data_kinds(frame):
        return ()
    sides: Any = frame.side_data
    raw = bytes(sides[kind])
    return tuple(int(value) for value in np.frombuffer(raw[: len(raw) // 4 * 4], np.int32))


def hdr_metadata(frame: av.VideoFrame) -> HdrMetadata:
    """The HDR10 metadata of a decoded frame; empty where it carries none."""
    primaries: tuple[Fraction, ...] = ()
    luminance: tuple[Fraction, Fraction] | None = None
    light_level: tuple[int, int] | None = None
    ints = side_data_ints(frame, "MASTERING_DISPLAY_METADATA")
    if len(ints) >= _MASTERING_INTS:
        pairs = zip(ints[:20:2], ints[1:20:2], strict=True)
        values = [Fraction(n, d) if d else Fraction(0) for n, d in pairs]
        primaries = tuple(values[:8]) if ints[20] else ()
        luminance = (values[8], values[9]) if ints[21] else None
    levels = side_data_ints(frame, "CONTENT_LIGHT_LEVEL")
    if len(levels) >= 2:
        light_level = (levels[0], levels[1])
    return HdrMetadata(primaries, luminance, light_level)
