"""Streaming: manifests of the copy for streaming, whose files are fetched by signed links."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator, WithJsonSchema
from starlette.responses import Response

from efface.api.access import VideoReader, find_video
from efface.api.context import CurrentContext
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.file_response import cors_preflight, with_cors
from efface.api.urls import CurrentUrls, Urls
from efface.api.wire.parameters import one_of, or_default, whole_number
from efface.api.wire.shape import WireShape
from efface.domain.errors import ArtifactNotFoundError
from efface.domain.service import Video
from efface.media.streaming.manifest import StreamTrack
from efface.media.streaming.playlists import dash_mpd, hls_master, hls_media
from efface.usecases.reading import StreamCopy, read_stream

router = APIRouter(tags=["streaming"])

_USE = "stream"
_HLS_TYPE, _DASH_TYPE = "application/vnd.apple.mpegurl", "application/dash+xml"
_DEFAULT_MINUTES, _MAX_MINUTES = 60, 43200


def _text(media_type: str) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {"schema": {"type": "string"}}}}}
    return found | error_responses(400, 403, 404)


class UrlFormat(StrEnum):
    """Azure's words for kinds of manifests."""

    SMOOTH = "SMOOTH_STREAMING_FORMAT"
    DASH = "MPEG_DASH"
    HLS_V4 = "HLS_V4"
    HLS_V3 = "HLS_V3"


class StreamingUrl(WireShape):
    """Where a stream is."""

    url: str
    jwt: str
    """Azure's players send it along; the link holds all that is needed."""


_FORMATS = {word.value: word for word in UrlFormat}
Format = Annotated[UrlFormat, BeforeValidator(or_default(one_of(_FORMATS), UrlFormat.DASH))]
Minutes = Annotated[
    int,
    BeforeValidator(or_default(whole_number(1, _MAX_MINUTES), _DEFAULT_MINUTES)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MAX_MINUTES}),
]
TokenPath = Annotated[str, Path(alias="token", description="As the link holds it.")]


@router.get(
    "/{location}/Accounts/{accountId}/Videos/{videoId}/streaming-url", responses=error_responses(400, 404)
)
def streaming_url(
    access: VideoReader,
    context: CurrentContext,
    urls: CurrentUrls,
    url_format: Annotated[Format, Query(alias="urlFormat", description="HLS or DASH.")] = UrlFormat.DASH,
    minutes: Annotated[
        Minutes, Query(alias="tokenLifetimeInMinutes", description="How long the link works.")
    ] = _DEFAULT_MINUTES,
) -> StreamingUrl:
    """A link to a manifest, which players open without a token."""
    video = access.video
    if not video.has_stream:
        raise _no_stream(video)
    if url_format is UrlFormat.SMOOTH:
        raise ApiError(
            400,
            ErrorType.UNSUPPORTED,
            "Smooth Streaming is not offered: use MPEG_DASH or HLS_V4 as urlFormat.",
        )
    lifetime = timedelta(minutes=minutes)
    ends = context.services.clock.now() + lifetime
    token = urls.sign(_USE, _content(video, ends), lifetime=lifetime)
    name = "manifest.mpd" if url_format is UrlFormat.DASH else "master.m3u8"
    return StreamingUrl(url=urls.absolute(f"/streams/{token}/{name}"), jwt=token)


@router.get("/streams/{token}/manifest.mpd", responses=_text(_DASH_TYPE), response_class=Response)
def dash_manifest(token: TokenPath, context: CurrentContext, urls: CurrentUrls) -> Response:
    """The DASH manifest."""
    stream = _opened(token, context, urls)
    manifest = stream.copy.manifest
    files = {track.file_name: stream.file_url(track, urls) for track in manifest.tracks}
    audio = files[manifest.audio.file_name] if manifest.audio else None
    return _answer(dash_mpd(manifest, files[manifest.video.file_name], audio), _DASH_TYPE)


@router.get("/streams/{token}/master.m3u8", responses=_text(_HLS_TYPE), response_class=Response)
def hls_manifest(token: TokenPath, context: CurrentContext, urls: CurrentUrls) -> Response:
    """The HLS master playlist."""
    manifest = _opened(token, context, urls).copy.manifest
    audio = "audio.m3u8" if manifest.audio else None
    return _answer(hls_master(manifest, "video.m3u8", audio), _HLS_TYPE)


@router.get("/streams/{token}/{track}.m3u8", responses=_text(_HLS_TYPE), response_class=Response)
def hls_track(
    token: TokenPath,
    track: Annotated[str, Path(description="video or audio")],
    context: CurrentContext,
    urls: CurrentUrls,
) -> Response:
    """The HLS playlist of one track."""
    stream = _opened(token, context, urls)
    manifest = stream.copy.manifest
    wanted = {"video": manifest.video, "audio": manifest.audio}.get(track)
    if wanted is None:
        raise ApiError(404, ErrorType.NOT_FOUND, f"The stream has no track '{track[:40]}'.")
    return _answer(hls_media(wanted, stream.file_url(wanted, urls)), _HLS_TYPE)


@router.options("/streams/{token}/{name}", include_in_schema=False)
def preflight(token: str, name: str) -> Response:
    """Players on pages of other hosts may read streams."""
    return cors_preflight()


@dataclass(frozen=True, slots=True)
class _OpenStream:
    """What a signed path has opened."""

    copy: StreamCopy
    lifetime: timedelta
    """What is left of that of the path."""

    def file_url(self, track: StreamTrack, urls: Urls) -> str:
        # As long as the path: a player that has begun goes on asking by it, and nobody else may for longer.
        file = self.copy.files[track.file_name]
        return urls.file(file.key, file.name, lifetime=self.lifetime, inline=True)


def _content(video: Video, ends: datetime) -> dict[str, Any]:
    return {"account": video.account_id, "video": video.video_id, "ends": int(ends.timestamp())}


def _opened(token: str, context: CurrentContext, urls: Urls) -> _OpenStream:
    content = urls.read_signed(_USE, token)
    video = find_video(context, content["account"], content["video"])
    ends = datetime.fromtimestamp(content["ends"], UTC)
    try:
        return _OpenStream(read_stream(context.services, video), ends - context.services.clock.now())
    except ArtifactNotFoundError as error:
        raise _no_stream(video) from error


def _answer(text: str, media_type: str) -> Response:
    return with_cors(Response(text, media_type=media_type, headers={"Cache-Control": "no-store"}))


def _no_stream(video: Video) -> ApiError:
    return ApiError(
        404,
        ErrorType.VIDEO_NO_STREAMING_PRESET,
        f"Video '{video.video_id}' was made without a copy for streaming: "
        "index it again with the streamingPreset Default or SingleBitrate.",
    )
