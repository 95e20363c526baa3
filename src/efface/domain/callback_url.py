"""The address that tells a client's web server how a job has ended."""

from urllib.parse import quote

from efface.domain.service import VideoState


def callback_with_outcome(url: str, video_id: str, state: VideoState) -> str:
    """Add to a client's address which video has come to which state.

    Args:
        url: as the client gave it. Its own query stays as it is, byte for byte, so that signed addresses hold; a
            fragment stays at the end, where no query can be lost in it.
        video_id: the video that shows the outcome.
        state: what has become of it.

    Example:
        >>> callback_with_outcome("https://example.org/done?project=7#top", "0123456789", VideoState.PROCESSED)
        'https://example.org/done?project=7&id=0123456789&state=Processed#top'
    """
    address, hash_mark, fragment = url.partition("#")
    told = f"id={quote(video_id, safe='')}&state={state.value}"
    if "?" not in address:
        joint = "?"
    elif address.endswith(("?", "&")):
        joint = ""
    else:
        joint = "&"
    return f"{address}{joint}{told}{hash_mark}{fragment}"
