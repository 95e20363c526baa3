"""A manifest survives JSON, and one that was tampered with is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from efface.domain.errors import InputError
from efface.media.streaming.manifest import StreamManifest


@pytest.fixture
def document(clips: Any, stream: Callable[..., Any]) -> dict[str, Any]:
    made = stream(clips.make("a.mp4", pts=tuple(range(50)), audio_tracks=1))
    found: dict[str, Any] = json.loads(json.dumps(made.manifest.to_document()))
    assert StreamManifest.from_document(found) == made.manifest
    return found


def test_document_tells_codecs_sizes_and_bandwidths(document: dict[str, Any]) -> None:
    assert document["video"]["codecs"].startswith("avc1.")
    assert (document["video"]["width"], document["video"]["height"]) == (64, 48)
    assert document["video"]["frame_rate"] == "25/1"
    assert document["audio"]["codecs"] == "mp4a.40.2"
    assert (document["audio"]["sample_rate"], document["audio"]["channels"]) == (16_000, 1)
    assert document["video"]["peak_bandwidth"] >= document["video"]["average_bandwidth"] > 0


def test_manifest_without_sound_survives_json(clips: Any, stream: Callable[..., Any]) -> None:
    manifest = stream(clips.make("a.mp4")).manifest
    assert StreamManifest.from_document(json.loads(json.dumps(manifest.to_document()))) == manifest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(version=2), "version 2"),
        (lambda d: d.pop("video"), "'video' is missing"),
        (lambda d: d["video"].update(file="../secret.mp4"), "not a plain name"),
        (lambda d: d["video"].update(file=".hidden"), "not a plain name"),
        (lambda d: d["video"].update(codecs='avc1"\n#'), "no codec name"),
        (lambda d: d["video"].update(timescale=0), "timescale"),
        (lambda d: d["video"].update(timescale=1.5), "whole number"),
        (lambda d: d["video"].update(frame_rate="1/0"), "0"),
        (lambda d: d["video"].update(width=0), "size"),
        (lambda d: d["video"].update(fragments=[]), "at least one fragment"),
        (lambda d: d["video"]["fragments"][0].__setitem__(0, 1), "do not follow"),
        (lambda d: d["video"]["fragments"][0].__setitem__(2, 0), "at least one tick"),
        (lambda d: d["video"]["fragments"][0].append(1), "argument"),
        (lambda d: d["audio"].update(channels="2"), "whole number"),
        (lambda d: d.update(audio=[]), "indices"),
        (lambda d: d.update(notices=[1]), "not text"),
    ],
)
def test_tampered_document_is_refused_with_the_reason(
    document: dict[str, Any], change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    change(document)
    with pytest.raises(InputError, match=reason) as caught:
        StreamManifest.from_document(document)
    assert "make the stream anew" in str(caught.value)
