import pytest
from fastapi import APIRouter

from efface.api.url_shape import UrlShapes, canonical_query


def shapes() -> UrlShapes:
    router = APIRouter()
    for path in (
        "/{location}/Accounts/{accountId}/Videos",
        "/{location}/Accounts/{accountId}/Videos/Search",
        "/{location}/Accounts/{accountId}/Videos/{videoId}/Index/Faces/{faceId}",
        "/Auth/{location}/Accounts/{accountId}/AccessToken",
        "/files/{token}/{name:path}",
    ):
        router.add_api_route(path, lambda: None, methods=["GET"])
    router.add_api_route("/{location}/Accounts/{accountId}/Videos", lambda: None, methods=["POST"])
    return UrlShapes(router.routes)


@pytest.mark.parametrize(
    ("path", "spelt"),
    [
        ("/WestUS2/accounts/AbC/VIDEOS", "/WestUS2/Accounts/AbC/Videos"),
        ("/westus2//Accounts/abc/Videos/", "/westus2/Accounts/abc/Videos"),
        ("/auth/trial/accounts/abc/accesstoken", "/Auth/trial/Accounts/abc/AccessToken"),
        ("/l/Accounts/a/Videos/SEARCH", "/l/Accounts/a/Videos/Search"),
        ("/l/Accounts/a/Videos/SeArCh/index/faces/7", "/l/Accounts/a/Videos/SeArCh/Index/Faces/7"),
        # A location may be called like a fixed word.
        ("/auth/accounts/a/videos", "/auth/Accounts/a/Videos"),
    ],
)
def test_shape_spells_fixed_words_and_leaves_values(path: str, spelt: str) -> None:
    found = shapes().of(path)
    assert found is not None
    assert found.path == spelt


def test_shape_leaves_the_name_of_a_file_as_it_is() -> None:
    found = shapes().of("/FILES/Tok//My  Clip/a//b/")
    assert found is not None
    assert found.path == "/files/Tok//My  Clip/a//b/"
    assert found.template == "/files/{token}/{name}"


def test_shape_knows_all_methods_of_a_path() -> None:
    found = shapes().of("/l/accounts/a/videos")
    assert found is not None
    assert found.methods == ("GET", "POST")
    assert found.template == "/{location}/Accounts/{accountId}/Videos"


@pytest.mark.parametrize(
    "path", ["/", "", "/l", "/l/Accounts", "/l/Accounts/a/Video", "/l/Accounts/a/Videos/v/Index"]
)
def test_shape_is_none_when_no_route_fits(path: str) -> None:
    assert shapes().of(path) is None


@pytest.mark.parametrize(
    ("query", "spelt"),
    [
        (b"NAME=A%20b&Privacy=PRIVATE", b"name=A%20b&privacy=PRIVATE"),
        (b"accesstoken=X&ACCESSTOKEN=Y", b"accessToken=X&accessToken=Y"),
        (b"ExcludedAI=Faces&excludedai=Labels", b"excludedAI=Faces&excludedAI=Labels"),
        (b"state[]=Processed&state%5B%5D=Failed", b"state=Processed&state=Failed"),
        (b"videoUrl=http://x/y?sv=1&Sig=a%3D&=&&x", b"videoUrl=http://x/y?sv=1&Sig=a%3D&=&&x"),
        (b"name", b"name"),
        (b"", b""),
    ],
)
def test_query_names_are_spelt_as_routes_have_them(query: bytes, spelt: bytes) -> None:
    assert canonical_query(query) == spelt
