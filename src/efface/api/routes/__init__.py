"""One file per thing that clients ask for; ``ROUTERS`` lists them all."""

from fastapi import APIRouter

from efface.api.routes import arm, docs, files, identity, operations, tokens

ROUTERS: tuple[APIRouter, ...] = (
    operations.router,
    docs.router,
    identity.router,
    files.router,
    arm.router,
    tokens.router,
)
"""In the order in which they are tried: fixed words before values."""
