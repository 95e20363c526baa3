"""From an upload that resumes to a video: parameters are checked before the first byte, the file is taken in after the
last."""

from dataclasses import replace

from efface.api.errors import ApiError, ErrorType
from efface.api.unfinished_uploads import UnfinishedUpload, UnfinishedUploads
from efface.api.upload_file import ReceivedUpload
from efface.api.upload_part import UploadPart
from efface.api.wire.tus import RESUMABLE, read_upload_query
from efface.api.wire.upload import incoming_file
from efface.domain.errors import DuplicateVideoError, InputError
from efface.usecases.intake import IntakeOrder, refuse_unfit_redaction, take_in
from efface.usecases.services import Services


def check_parameters(parameters: str, max_name_length: int) -> None:
    """Refuse what would be refused after the last byte.

    Args:
        parameters: a canonical query string.
        max_name_length: characters that a name may have.

    Raises:
        RequestValidationError: a parameter has a value that cannot be used.
        ApiError: 400, likewise, or the video is to come from a URL.
        RequestError: a redaction is asked for that no index can serve.
    """
    nothing_yet = ReceivedUpload(None, None, 0, "", "", {})
    if read_upload_query(parameters).video_url:
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            "'videoUrl' names a video that is fetched, which needs no upload: POST it to Videos.",
            headers=RESUMABLE,
        )
    refuse_unfit_redaction(_order(parameters, nothing_yet, max_name_length))


def settle(services: Services, uploads: UnfinishedUploads, upload: UnfinishedUpload) -> UnfinishedUpload:
    """An upload as it is now: also with its video where the server has ended between taking it in and noting so."""
    if upload.video_id or upload.sha256 is None or upload.whole_since is None or uploads.has_part(upload):
        return upload
    video = services.catalogue.video_with_content(upload.account_id, sha256=upload.sha256)
    if video is None or video.created < upload.whole_since:
        return upload
    found = replace(upload, video_id=video.video_id)
    uploads.note(found)
    return found


def finish_upload(
    services: Services, uploads: UnfinishedUploads, upload: UnfinishedUpload, part: UploadPart
) -> UnfinishedUpload:
    """Take the video in, as an ordinary upload does.

    Args:
        services: the ports.
        uploads: that the upload is one of.
        upload: all of whose bytes have come.
        part: its file, locked.

    Raises:
        DuplicateVideoError: the account holds it already, and duplicates were to be refused. The upload is removed.
        InputError: it can never be taken in. The upload is removed.
        QueueFullError: too much work is pending; the last byte may be sent again later.
    """
    received = part.received(None)
    whole = replace(upload, sha256=received.sha256, whole_since=services.clock.now())
    uploads.note(whole)
    try:
        order = _order(upload.query, received, services.limits.max_name_length)
        taken = take_in(services, upload.account_id, order, incoming_file(received))
    except (DuplicateVideoError, InputError):
        uploads.remove(upload.upload_id)
        raise
    finished = replace(whole, video_id=taken.video.video_id)
    uploads.note(finished)
    received.discard()
    return finished


def _order(parameters: str, received: ReceivedUpload, max_name_length: int) -> IntakeOrder:
    return read_upload_query(parameters).order(received, None, max_name_length)
