"""What a user asks for: which faces, and how they are hidden."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from efface.domain.errors import RequestError


class BlurringKind(IntEnum):
    """How a face is treated; numbers and names are those of Azure AI Video Indexer."""

    MEDIUM_BLUR = 0
    HIGH_BLUR = 1
    LOW_BLUR = 2
    BOUNDING_BOX = 3
    """Draws a labelled box and hides nothing."""
    BLACK = 4

    @property
    def wire_name(self) -> str:
        """``MediumBlur``, ``HighBlur`` … as users write it."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def hides(self) -> bool:
        """False for the one kind that leaves the face visible."""
        return self is not BlurringKind.BOUNDING_BOX

    @classmethod
    def parse(cls, value: "str | int | BlurringKind") -> "BlurringKind":
        """Read a kind by name in any case (``HighBlur``, ``high-blur``), by number, or by numeric string.

        Raises:
            RequestError: no such kind.
        """
        text = str(int(value)) if isinstance(value, int) else value.strip()
        wanted = text.replace("-", "").replace("_", "").lower()
        for kind in cls:
            if text == str(int(kind)) or wanted == kind.wire_name.lower():
                return kind
        known = ", ".join(f"{kind.wire_name} ({int(kind)})" for kind in cls)
        raise RequestError(f"blurring kind {value!r} is unknown: use one of {known}")


class FilterScope(Enum):
    """Whether the listed faces are the ones to redact or the ones to keep."""

    INCLUDE = "Include"
    EXCLUDE = "Exclude"


@dataclass(frozen=True, slots=True)
class RedactionRequest:
    """Which faces to treat and how. The default redacts everybody."""

    kind: BlurringKind = BlurringKind.MEDIUM_BLUR
    scope: FilterScope = FilterScope.EXCLUDE
    face_ids: frozenset[int] = frozenset()
    covers_faces: bool = True
    """False: no face is treated, only what corrections by hand draw or mute. ``scope`` says nothing then."""

    def __post_init__(self) -> None:
        if not self.covers_faces and self.face_ids:
            raise RequestError("faces are listed, but none is to be treated: leave the list out")
        if self.covers_faces and self.scope is FilterScope.INCLUDE and not self.face_ids:
            raise RequestError(
                "the list of faces to include is empty: name at least one face id, or leave the list out"
            )

    def covers(self, face_id: int) -> bool:
        """True when this face is to be treated."""
        return self.covers_faces and (face_id in self.face_ids) == (self.scope is FilterScope.INCLUDE)
