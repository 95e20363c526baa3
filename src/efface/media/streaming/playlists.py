"""Writes the playlists of a stream: HLS (RFC 8216) and DASH (ISO/IEC 23009-1), as text.

HLS needs version 7, because fragmented MP4 does, and byte ranges alone need version 4: a client that asks for
version 3 gets the same playlists, and none that lacks these can play them.
"""

from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from efface.media.streaming.manifest import (
    AudioTrack,
    ByteRange,
    Fragment,
    StreamManifest,
    StreamTrack,
    VideoTrack,
    hls_target_duration,
)

_HLS_VERSION = 7
_SOUND_GROUP = "sound"
_URL_CHARACTERS = "!$%&'()*+,/:;=?@[]~"
"""What stands in a URL besides letters and digits; all else is escaped: quotes and line ends would end it, and a line
that starts with a hash is a comment."""


def hls_master(manifest: StreamManifest, video_url: str, audio_url: str | None) -> str:
    """The HLS master playlist, which names those of picture and sound.

    Args:
        manifest: the stream.
        video_url: of the media playlist of the picture, absolute or relative to this one.
        audio_url: of the media playlist of the sound; not looked at where there is no sound.
    """
    video, audio = manifest.video, manifest.audio
    attributes = [
        f"BANDWIDTH={sum(track.peak_bandwidth for track in manifest.tracks)}",
        f"AVERAGE-BANDWIDTH={sum(track.average_bandwidth for track in manifest.tracks)}",
        f'CODECS="{",".join(track.codecs for track in manifest.tracks)}"',
        f"RESOLUTION={video.width}x{video.height}",
        f"FRAME-RATE={float(video.frame_rate):.3f}",
    ]
    lines = _hls_head()
    if audio is not None:
        if audio_url is None:
            raise ValueError("the stream has sound: its playlist needs a URL")
        attributes.append(f'AUDIO="{_SOUND_GROUP}"')
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{_SOUND_GROUP}",NAME="{_SOUND_GROUP}",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="{audio.channels}",URI="{_uri(audio_url)}"'
        )
    lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", _uri(video_url)]
    return _joined(lines)


def hls_media(track: StreamTrack, file_url: str) -> str:
    """The HLS media playlist of one track: its fragments as byte ranges of one file.

    Args:
        track: the picture or the sound.
        file_url: of the track's file, absolute or relative to the playlist.
    """
    uri = _uri(file_url)
    lines = [
        *_hls_head(),
        f"#EXT-X-TARGETDURATION:{hls_target_duration(track)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-MAP:URI="{uri}",BYTERANGE="{track.init.length}@{track.init.offset}"',
    ]
    for fragment in track.fragments:
        lines += [
            f"#EXTINF:{_decimal(Fraction(fragment.duration, track.timescale))},",
            f"#EXT-X-BYTERANGE:{fragment.length}@{fragment.offset}",
            uri,
        ]
    return _joined([*lines, "#EXT-X-ENDLIST"])


def dash_mpd(manifest: StreamManifest, video_url: str, audio_url: str | None) -> str:
    """The DASH media presentation description, of the profile ISO main: one list of byte ranges a track.

    Args:
        manifest: the stream.
        video_url: of the picture's file, absolute or relative to this document.
        audio_url: of the sound's file; not looked at where there is no sound.
    """
    longest = max(track.longest_fragment for track in manifest.tracks)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-main:2011" type="static"'
        f' mediaPresentationDuration="{_duration(manifest.duration)}"'
        f' maxSegmentDuration="{_duration(longest)}" minBufferTime="{_duration(longest)}">',
        f'<Period id="0" start="PT0S" duration="{_duration(manifest.duration)}">',
        *_adaptation_set(manifest, manifest.video, video_url),
    ]
    if manifest.audio is not None:
        if audio_url is None:
            raise ValueError("the stream has sound: its file needs a URL")
        lines += _adaptation_set(manifest, manifest.audio, audio_url)
    return _joined([*lines, "</Period>", "</MPD>"])


def _adaptation_set(manifest: StreamManifest, track: StreamTrack, url: str) -> Iterator[str]:
    kind = "video" if isinstance(track, VideoTrack) else "audio"
    yield (
        f'<AdaptationSet contentType="{kind}" mimeType="{kind}/mp4" segmentAlignment="true" startWithSAP="1"'
        ' subsegmentAlignment="true" subsegmentStartsWithSAP="1">'
    )
    yield (
        f"<Representation id={quoteattr(kind)} codecs={quoteattr(track.codecs)}"
        f' bandwidth="{track.peak_bandwidth}"{_format_attributes(track)}>'
    )
    if isinstance(track, AudioTrack):
        yield (
            '<AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011"'
            f' value="{track.channels}"/>'
        )
    yield f"<BaseURL>{escape(_uri(url))}</BaseURL>"
    # All tracks are moved by the same time, so that the stream's start is the period's.
    offset = round(manifest.start_s * track.timescale)
    yield f'<SegmentList timescale="{track.timescale}" presentationTimeOffset="{offset}">'
    yield f'<Initialization range="{_byte_range(track.init)}"/>'
    yield "<SegmentTimeline>"
    yield from _timeline(track)
    yield "</SegmentTimeline>"
    yield from (f'<SegmentURL mediaRange="{_byte_range(each)}"/>' for each in track.fragments)
    yield "</SegmentList>"
    yield "</Representation>"
    yield "</AdaptationSet>"


def _format_attributes(track: StreamTrack) -> str:
    if isinstance(track, VideoTrack):
        rate = track.frame_rate
        shown = str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}"
        return f' width="{track.width}" height="{track.height}" sar="1:1" frameRate="{shown}"'
    assert isinstance(track, AudioTrack)
    return f' audioSamplingRate="{track.sample_rate}"'


def _timeline(track: StreamTrack) -> Iterator[str]:
    """``S`` elements; fragments in a row that last alike share one."""
    runs: list[tuple[Fragment, int]] = []
    for fragment in track.fragments:
        if runs and runs[-1][0].duration == fragment.duration:
            runs[-1] = (fragment, runs[-1][1] + 1)
        else:
            runs.append((fragment, 1))
    for position, (fragment, count) in enumerate(runs):
        start = f' t="{track.start}"' if position == 0 else ""
        repeat = f' r="{count - 1}"' if count > 1 else ""
        yield f'<S{start} d="{fragment.duration}"{repeat}/>'


def _byte_range(span: ByteRange) -> str:
    return f"{span.offset}-{span.end - 1}"


def _duration(seconds: Fraction) -> str:
    return f"PT{_decimal(seconds)}S"


def _decimal(seconds: Fraction) -> str:
    return f"{float(seconds):.6f}"


def _hls_head() -> list[str]:
    return ["#EXTM3U", f"#EXT-X-VERSION:{_HLS_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]


def _uri(url: str) -> str:
    return quote(url, safe=_URL_CHARACTERS)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
