"""Presets: Azure's words for how a video is analysed and whether it can be streamed."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from efface.api.wire.parameters import one_of, or_default, unusable
from efface.domain.service import IndexOptions

_FOR_VIDEO = (
    "Default",
    "VideoOnly",
    "Basic",
    "BasicVideo",
    "Standard",
    "StandardVideo",
    "Advanced",
    "AdvancedVideo",
    "DefaultWithNoiseReduction",
)
_FOR_AUDIO = ("AudioOnly", "BasicAudio", "StandardAudio", "AdvancedAudio")
INDEXING_PRESETS = {word: word for word in (*_FOR_VIDEO, *_FOR_AUDIO)}
STREAMING_PRESETS = {word: word for word in ("Default", "SingleBitrate", "NoStreaming")}
_FACES = "faces"


def _read_streaming(value: object) -> str:
    if str(value).strip().lower() == "adaptivebitrate":
        raise unusable(
            value, "offered any more, as in Azure since 2024: use Default, SingleBitrate or NoStreaming"
        )
    return one_of(STREAMING_PRESETS)(value)


IndexingPreset = Annotated[
    str,
    BeforeValidator(or_default(one_of(INDEXING_PRESETS), "Default")),
    WithJsonSchema({"type": "string", "enum": list(INDEXING_PRESETS), "default": "Default"}),
]
StreamingPreset = Annotated[
    str,
    BeforeValidator(or_default(_read_streaming, "Default")),
    WithJsonSchema({"type": "string", "enum": list(STREAMING_PRESETS), "default": "Default"}),
]


def makes_stream(streaming_preset: str) -> bool:
    """Whether a copy for streaming is asked for."""
    return streaming_preset != "NoStreaming"


def index_options(indexing_preset: str, streaming_preset: str, excluded: Iterable[str]) -> IndexOptions:
    """How a video is to be analysed.

    Args:
        indexing_preset: Azure's word.
        streaming_preset: Azure's word.
        excluded: insights that are not wanted; only faces can be left out here.
    """
    has_faces = indexing_preset in _FOR_VIDEO and not any(word.lower() == _FACES for word in excluded)
    return IndexOptions(indexing_preset, has_faces, streaming_preset, makes_stream(streaming_preset))
