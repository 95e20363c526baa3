"""The two pages that clients put into frames: plain HTML without a script."""

from html import escape

from efface.domain.service import Video
from efface.usecases.insights import Face, VideoInsights

_STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 1rem; }
body.player { padding: 0; background: #000; }
video { display: block; width: 100%; height: 100vh; }
h1 { font-size: 1.1rem; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; vertical-align: top; }
tr + tr td { border-top: 1px solid #8886; }
img { width: 4rem; height: 4rem; object-fit: cover; border-radius: .3rem; }
"""


def style_sheet() -> str:
    """CSS of both pages."""
    return _STYLE


def player_page(video: Video, file_url: str, style_url: str) -> str:
    """A page that plays a file.

    Args:
        video: which.
        file_url: a signed link.
        style_url: of the style sheet.
    """
    body = f'<video controls playsinline src="{escape(file_url)}"></video>'
    return _document(video, body, "player", style_url)


def insights_page(
    video: Video, insights: VideoInsights | None, pictures_url: str, token_query: str, style_url: str
) -> str:
    """A page that shows who is in a video and when.

    Args:
        video: which.
        insights: None where it has no index.
        pictures_url: what the GUID of a picture is put behind, with a slash.
        token_query: what opens the pictures, beginning with a question mark; empty for a public video.
        style_url: of the style sheet.
    """
    faces = insights.faces if insights else ()
    rows = "".join(_row(face, pictures_url, token_query) for face in faces)
    heading = f"<h1>{escape(video.details.name)}</h1>"
    if not rows:
        return _document(
            video, f"{heading}<p>No people are known of in this video.</p>", "insights", style_url
        )
    head = "<tr><th></th><th>Id</th><th>Name</th><th>On screen</th><th>Appearances</th></tr>"
    return _document(video, f"{heading}<table>{head}{rows}</table>", "insights", style_url)


def _row(face: Face, pictures_url: str, token_query: str) -> str:
    picture = escape(f"{pictures_url}/{face.picture_id}{token_query}")
    stays = ", ".join(f"{_clock(stay.start_s)} to {_clock(stay.end_s)}" for stay in face.appearances)
    name = escape(face.name)
    return (
        f'<tr><td><img alt="{name}" src="{picture}"></td><td>{face.face_id}</td><td>{name}</td>'
        f"<td>{face.seen_s:.1f} s</td><td>{stays}</td></tr>"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _document(video: Video, body: str, kind: str, style_url: str) -> str:
    title = escape(video.details.name)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{escape(style_url)}"></head><body class="{kind}">{body}</body></html>\n'
    )
