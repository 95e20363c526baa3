"""The review page asks for all of its modules at once."""

import re
from pathlib import Path

from efface.web import pages

WEB = Path(pages.__file__).parent


def test_review_page_asks_for_its_modules_at_once_and_for_no_others() -> None:
    template = (WEB / "templates/review.html").read_text(encoding="utf-8")
    listed = re.search(r"{% for name in \[(.*?)\] %}\n<link rel=\"modulepreload\"", template, re.DOTALL)
    assert listed
    there = {path.stem for path in (WEB / "static/review").glob("*.js")} - {"review"}
    assert set(re.findall(r'"(\w+)"', listed[1])) == there
