"""One file per thing that clients ask for; ``ROUTERS`` lists them all."""

from fastapi import APIRouter

from efface.api.routes import (
    accounts,
    arm,
    artifacts,
    captions,
    docs,
    edits,
    events,
    faces,
    files,
    identity,
    jobs,
    library,
    operations,
    redactions,
    resumable_uploads,
    risks,
    source_files,
    streams,
    thumbnails,
    tokens,
    tracks,
    uploads,
    videos,
    widgets,
)

ROUTERS: tuple[APIRouter, ...] = (
    # First because it is asked most: each router before it costs a request 20 µs.
    jobs.router,
    operations.router,
    docs.router,
    identity.router,
    files.router,
    arm.router,
    tokens.router,
    streams.router,
    widgets.router,
    uploads.router,
    resumable_uploads.router,
    videos.router,
    library.router,
    redactions.router,
    tracks.router,
    edits.router,
    risks.router,
    source_files.router,
    artifacts.router,
    thumbnails.router,
    captions.router,
    faces.router,
    events.router,
    accounts.router,
)
"""In the order in which they are tried: fixed words before values."""
