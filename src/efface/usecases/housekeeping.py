"""What must be done from time to time, whoever asks."""

import structlog

from efface.domain.errors import ServiceUnavailableError, VideoNotFoundError
from efface.usecases.changes import delete_video
from efface.usecases.services import Services

_AT_ONCE = 100


def sweep_retention(services: Services) -> int:
    """Delete the videos whose retention has ended; gives how many. A few at a time, so that it can be stopped."""
    num_deleted = 0
    for video in services.catalogue.expired_videos(services.clock.now(), _AT_ONCE):
        try:
            delete_video(services, video)
        except VideoNotFoundError:
            continue  # another worker was faster
        except ServiceUnavailableError as error:
            structlog.get_logger(__name__).warning(
                "video could not be removed", video=video.video_id, reason=str(error)
            )
            continue
        num_deleted += 1
    return num_deleted
