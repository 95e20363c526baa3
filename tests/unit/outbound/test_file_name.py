import pytest

from efface.outbound.file_name import served_file_name


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        (None, "/videos/clip.mp4", "clip.mp4"),
        (None, "/videos/my%20clip.mp4", "my clip.mp4"),
        (None, "/videos/", None),
        (None, "/", None),
        (None, "/..", None),
        ('attachment; filename="a b.mp4"', "/x", "a b.mp4"),
        ("attachment; filename*=UTF-8''%E2%82%AC.mp4", "/x", "€.mp4"),
        ('attachment; filename="../../etc/passwd"', "/x", "passwd"),
        ('attachment; filename="C:\\\\Users\\\\clip.mp4"', "/x", "clip.mp4"),
        ("attachment", "/clip.mp4", "clip.mp4"),
        ("rubbish; ;;=", "/clip.mp4", "clip.mp4"),
        ('attachment; filename=""', "/clip.mp4", "clip.mp4"),
        ('inline; filename="a\x01b\u202e.mp4"', "/x", "ab.mp4"),
    ],
)
def test_served_file_name(disposition: str | None, path: str, name: str | None) -> None:
    assert served_file_name(disposition, path) == name


def test_long_name_keeps_its_end() -> None:
    name = served_file_name(None, "/" + "x" * 500 + ".mp4")
    assert name is not None
    assert len(name) == 200
    assert name.endswith(".mp4")
