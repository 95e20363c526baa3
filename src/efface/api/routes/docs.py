"""The API's description, and a page to read it; nothing on it comes from another host."""

import importlib.util
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from efface.api.errors import ApiError, ErrorType

router = APIRouter(include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'"
)
"""Swagger UI sets styles on its elements; scripts come from files only."""
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>efface API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = (
    'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, '
    "presets: [SwaggerUIBundle.presets.apis]});\n"
)


@router.get("/openapi.json")
def description(request: Request) -> Response:
    """The description in OpenAPI."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def page() -> Response:
    """The page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """What sets the page up; a file of its own, because no script stands in the page."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
def asset(name: str) -> Response:
    """A file of Swagger UI."""
    folder = _swagger_folder()
    if name not in _ASSETS or folder is None:
        raise ApiError(404, ErrorType.NOT_FOUND, f"There is no file '{name[:64]}' here.")
    return FileResponse(folder / name, media_type=_ASSETS[name], headers={"Cache-Control": "max-age=86400"})


def _swagger_folder() -> Path | None:
    """Where the package keeps Swagger UI, whose version is in the name of a folder."""
    spec = importlib.util.find_spec("swagger_ui_bundle")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("vendor/swagger-ui-*"))
    return found[-1] if found else None
