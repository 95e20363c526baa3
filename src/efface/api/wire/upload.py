"""What clients say with an upload, a new analysis or a redaction."""

import re

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from efface.api.errors import ApiError, ErrorType
from efface.api.upload_file import ReceivedUpload
from efface.api.wire.addresses import read_callback_url
from efface.api.wire.names import file_name_of, name_in_url, redacted_name, video_name
from efface.api.wire.parameters import (
    CommaList,
    OptionalPrivacy,
    PriorityWord,
    PrivacyWord,
    QueryShape,
    RetentionDays,
    Switch,
    Text,
)
from efface.api.wire.presets import IndexingPreset, StreamingPreset, index_options, makes_stream
from efface.api.wire.redaction import WantedRedaction, read_redaction
from efface.domain.service import IndexOptions, Privacy, Video, VideoDetails
from efface.usecases.intake import IncomingFile, IntakeOrder
from efface.usecases.redactions import RedactionOrder, SeenState

_DEFAULT_LANGUAGE = "en-US"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){1,4}")


def _spelling(name: str) -> str:
    """Azure's spelling of a parameter."""
    return "excludedAI" if name == "excluded_ai" else to_camel(name)


def _language(given: str | None) -> str:
    """A tag of BCP 47 with a region; for ``auto``, ``English`` and the like, the language that Azure assumes."""
    return given if given and _LANGUAGE.fullmatch(given) else _DEFAULT_LANGUAGE


class AnalysisQuery(QueryShape):
    """How a video is analysed."""

    model_config = ConfigDict(alias_generator=AliasGenerator(alias=_spelling))

    indexing_preset: IndexingPreset = "Default"
    """Presets for video find faces, shots and key frames; presets for audio find nothing."""
    streaming_preset: StreamingPreset = "Default"
    """NoStreaming makes no copy for streaming."""
    excluded_ai: CommaList = ()
    """Insights that are not wanted; Faces leaves out all that a redaction needs."""
    # As a word, because a default is described as it is spelt here.
    priority: PriorityWord = Field(default="Normal", validate_default=True)
    callback_url: Text = None
    """Called with ``id`` and ``state`` when the work has ended."""

    def options(self) -> IndexOptions:
        """The same in the words of the core."""
        return index_options(self.indexing_preset, self.streaming_preset, self.excluded_ai)


class ReIndexQuery(AnalysisQuery):
    """How a video is analysed anew. What is about sound, people or brands is ignored."""


class UploadQuery(AnalysisQuery):
    """What is said of a video that is taken in. What is about sound, people or brands is ignored."""

    name: Text = None
    """By default that of the file."""
    description: Text = None
    privacy: PrivacyWord = Privacy.PRIVATE
    partition: Text = None
    metadata: Text = None
    external_id: Text = None
    external_url: Text = None
    file_name: Text = None
    language: Text = None
    video_url: Text = None
    """Where the video is fetched from, instead of a file in the body."""
    prevent_duplicates: Switch = False
    """Refuse a video that the account holds already."""
    retention_period: RetentionDays = None
    """Days after which the video is deleted."""
    redact: Text = None
    """Body of a redaction that is to follow by itself. An extension of efface."""
    redact_name: Text = None
    """Name of the redacted video. An extension of efface."""

    def order(self, received: ReceivedUpload, url: str | None, max_name_length: int) -> IntakeOrder:
        """The same in the words of the core.

        Args:
            received: the body.
            url: where the video is to be fetched from, None where it is in the body.
            max_name_length: characters that a name may have.

        Raises:
            ApiError: 400, a name or an address cannot be used.
            RequestError: the redaction cannot be understood.
        """
        file_name = file_name_of(self.file_name) or file_name_of(received.file_name)
        if file_name is None and url is not None:
            file_name = name_in_url(url)
        name = video_name(self.name, max_name_length, fallback=file_name)
        details = VideoDetails(
            name=name,
            description=self.description,
            external_id=self.external_id,
            external_url=self.external_url,
            metadata=self.metadata,
            partition=self.partition,
            file_name=file_name,
            privacy=self.privacy,
            language=_language(self.language),
        )
        body = received.fields.get("redact") or self.redact
        redaction = self._redaction(body, details, max_name_length) if body else None
        return IntakeOrder(
            details=details,
            options=self.options(),
            priority=self.priority,
            callback_url=read_callback_url(self.callback_url),
            retention_days=self.retention_period,
            refuses_duplicates=bool(self.prevent_duplicates),
            redaction=redaction,
        )

    def _redaction(self, body: str, original: VideoDetails, max_name_length: int) -> RedactionOrder:
        wanted = read_redaction(body)
        return RedactionOrder(
            request=wanted.request,
            edits=wanted.edits,
            details=VideoDetails(
                name=redacted_name(self.redact_name, original.name, max_name_length),
                privacy=self.privacy,
                language=original.language,
            ),
            streaming_preset=self.streaming_preset,
            makes_stream=makes_stream(self.streaming_preset),
            priority=self.priority,
            callback_url=read_callback_url(self.callback_url),
            retention_days=self.retention_period,
        )


class RedactionQuery(QueryShape):
    """What is said of a redacted video."""

    name: Text = None
    """By default that of the original with ``-redacted`` behind it."""
    priority: PriorityWord = Field(default="Normal", validate_default=True)
    privacy: OptionalPrivacy = None
    """By default that of the original."""
    external_id: Text = None
    streaming_preset: StreamingPreset = "Default"
    callback_url: Text = None
    """Called with ``id`` of the new video and ``state`` when the work has ended."""
    retention_period: RetentionDays = None
    """Days after which the new video is deleted. An extension of efface."""

    def order(
        self, original: Video, wanted: WantedRedaction, max_name_length: int, seen: SeenState | None
    ) -> RedactionOrder:
        """The same in the words of the core.

        Args:
            original: that is redacted.
            wanted: the body.
            max_name_length: characters that a name may have.
            seen: what the choice was made from, where the client tells.

        Raises:
            ApiError: 400, the name or the address cannot be used.
        """
        details = VideoDetails(
            name=redacted_name(self.name, original.details.name, max_name_length),
            external_id=self.external_id,
            partition=original.details.partition,
            privacy=self.privacy or original.details.privacy,
            language=original.details.language,
        )
        return RedactionOrder(
            request=wanted.request,
            edits=wanted.edits,
            seen=seen,
            details=details,
            streaming_preset=self.streaming_preset,
            makes_stream=makes_stream(self.streaming_preset),
            priority=self.priority,
            callback_url=read_callback_url(self.callback_url),
            retention_days=self.retention_period,
        )


UPLOAD_NAMES = frozenset(
    [_spelling(name).lower() for name in UploadQuery.model_fields]
    + [
        "accesstoken",
        "token",
        "animationmodelid",
        "assetid",
        "brandscategories",
        "customlanguages",
        "issearchable",
        "linguisticmodelid",
        "logogroupid",
        "personmodelid",
        "punctuationmode",
        "sendsuccessemail",
        "subscription-key",
        "usemanagedidentitytodownloadvideo",
    ]
)
"""All parameters of the upload that are known, the ignored ones too, in lower case: they end a pasted ``videoUrl``."""


def incoming_file(received: ReceivedUpload) -> IncomingFile:
    """The file of a body.

    Raises:
        ApiError: 400, there is none, or an empty one.
    """
    if received.path is None:
        if received.file_name is not None:
            raise ApiError(
                400, ErrorType.INPUT_FILE_EMPTY, f"The file '{received.file_name}' is empty: send it again."
            )
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            "There is no video: send a file as multipart/form-data, or give 'videoUrl'.",
        )
    return IncomingFile(
        received.path, received.size_bytes, received.sha256, received.md5, file_name_of(received.file_name)
    )
