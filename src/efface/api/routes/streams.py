"""Streaming: manifests of the copy for streaming, whose files are fetched by signed links."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from efface.api.access import VideoReader, find_video
from efface.api.context import CurrentContext
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.file_response import cors_preflight, with_cors
from efface.api.urls import CurrentUrls, Urls
from efface.api.wire.parameters import one_of, whole_number
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
Format = Annotated[UrlFormat, BeforeValidator(one_of(_FORMATS))]
Minutes = Annotated[int, BeforeValidator(whole_number(1, _MAX_MINUTES))]
TokenPath = Annotated[str, Path(alias="token", description="As the link holds it.")]


@router.get(
    "/{location}/Accounts/{accountId}/Videos/{videoId}/streaming-url", responses=error_responses(400, 404)
)
def streaming_url(
    access: VideoReader,
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
    token = urls.sign(_USE, _content(video), lifetime=timedelta(minutes=minutes))
    name = "manifest.mpd" if url_format is UrlFormat.DASH else "master.m3u8"
    return StreamingUrl(url=urls.absolute(f"/streams/{token}/{name}"), jwt=token)


@router.get("/streams/{token}/manifest.mpd", responses=_text(_DASH_TYPE), response_class=Response)
def dash_manifest(token: TokenPath, context: CurrentContext, urls: CurrentUrls) -> Response:
    """The DASH manifest."""
    video, stream = _opened(token, context, urls)
    files = {track.file_name: _file_url(video, stream, track, urls) for track in stream.manifest.tracks}
    manifest = stream.manifest
    audio = files[manifest.audio.file_name] if manifest.audio else None
    return _answer(dash_mpd(manifest, files[manifest.video.file_name], audio), _DASH_TYPE)


@router.get("/streams/{token}/master.m3u8", responses=_text(_HLS_TYPE), response_class=Response)
def hls_manifest(token: TokenPath, context: CurrentContext, urls: CurrentUrls) -> Response:
    """The HLS master playlist."""
    _, stream = _opened(token, context, urls)
    audio = "audio.m3u8" if stream.manifest.audio else None
    return _answer(hls_master(stream.manifest, "video.m3u8", audio), _HLS_TYPE)


@router.get("/streams/{token}/{track}.m3u8", responses=_text(_HLS_TYPE), response_class=Response)
def hls_track(
    token: TokenPath,
    track: Annotated[str, Path(description="video or audio")],
    context: CurrentContext,
    urls: CurrentUrls,
) -> Response:
    """The HLS playlist of one track."""
    video, stream = _opened(token, context, urls)
    wanted = {"video": stream.manifest.video, "audio": stream.manifest.audio}.get(track)
    if wanted is None:
        raise ApiError(404, ErrorType.NOT_FOUND, f"The stream has no track '{track[:40]}'.")
    return _answer(hls_media(wanted, _file_url(video, stream, wanted, urls)), _HLS_TYPE)


@router.options("/streams/{token}/{name}", include_in_schema=False)
def preflight(token: str, name: str) -> Response:
    """Players on pages of other hosts may read streams."""
    return cors_preflight()


def _content(video: Video) -> dict[str, Any]:
    return {"account": video.account_id, "video": video.video_id}


def _opened(token: str, context: CurrentContext, urls: Urls) -> tuple[Video, StreamCopy]:
    content = urls.read_signed(_USE, token)
    video = find_video(context, content["account"], content["video"])
    try:
        return video, read_stream(context.services, video)
    except ArtifactNotFoundError as error:
        raise _no_stream(video) from error


def _file_url(video: Video, stream: StreamCopy, track: StreamTrack, urls: Urls) -> str:
    # As long as a link may live: a player that has begun goes on asking by it.
    file = stream.files[track.file_name]
    return urls.file(file.key, file.name, lifetime=timedelta(minutes=_MAX_MINUTES), inline=True)


def _answer(text: str, media_type: str) -> Response:
    return with_cors(Response(text, media_type=media_type, headers={"Cache-Control": "no-store"}))


def _no_stream(video: Video) -> ApiError:
    return ApiError(
        404,
        ErrorType.VIDEO_NO_STREAMING_PRESET,
        f"Video '{video.video_id}' was made without a copy for streaming: "
        "index it again with the streamingPreset Default or SingleBitrate.",
    )
