"""URLs in any spelling that clients use: paths and query names in any case, slashes too many.

What a route takes as a value is never touched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from starlette.routing import BaseRoute, Mount, Route

# Of the contract, and what later versions and this service add.
_KNOWN_NAMES = """
accessToken allowEdit animationModelId api-version assetId brandsCategories callbackUrl client_id
createNewPerson createdAfter createdBefore customLanguages description edits excludedAI excludedInsights
externalId externalUrl face fileName format generateAccessTokens hasSourceVideoFile id
includeAmsInfo includeAudioEffects includeSpeakers includeStatistics includeStreamingUrls
includeSummarizedInsights includeUsage includedInsights indexId indexingPreset isBase isSearchable
kind language limit linguisticModelId logoGroupId maxSide metadata name newName owner pageSize partition partitions
permission personId personModelId preventDuplicates priority privacy punctuationMode query
reTranslate redact redactName resource retentionPeriod revision sendSuccessEmail setAsSourceLanguage skip
sort sourceLanguage sourceVideoId state streamingPreset subscription-key textScope token
tokenLifetimeInMinutes type urlFormat urlsLifetimeSeconds useManagedIdentityToDownloadVideo
useProxy videoUrl widgetType
"""
QUERY_NAMES = tuple(_KNOWN_NAMES.split())
_BY_LOWER_NAME = {name.lower().encode(): name.encode() for name in QUERY_NAMES}


@dataclass(slots=True)
class _Node:
    """One segment of the tree of all routes."""

    fixed: dict[str, tuple[str, "_Node"]] = field(default_factory=dict)
    """By lower-case word: the word as the route spells it, and what follows."""
    value: "_Node | None" = None
    """What follows a segment that is a value."""
    takes_rest: bool = False
    """Whether a value of any length, with slashes, may follow."""
    rest_template: str = ""
    template: str = ""
    """Of the route that ends here, empty where none does."""
    methods: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class UrlShape:
    """A path as a route spells it."""

    path: str
    template: str
    """Of the route (``/{location}/Accounts/{accountId}``)."""
    methods: tuple[str, ...]
    """Those that the path takes."""


class UrlShapes:
    """Knows the paths of all routes of an application."""

    def __init__(self, routes: Iterable[BaseRoute] = ()) -> None:
        self._root = _Node()
        for route in routes:
            self.add(route)

    def add(self, route: BaseRoute) -> None:
        """Learn the path of a route; other kinds of routes are passed over."""
        if isinstance(route, Mount):
            self._learn(f"{route.path}/{{rest:path}}", ())
        elif isinstance(route, Route):
            self._learn(route.path, route.methods or ())

    def of(self, path: str) -> UrlShape | None:
        """The path as its route spells it, None where there is no such route."""
        segments = path.split("/")
        found = _match(self._root, segments, 0)
        if found is None:
            return None
        node, spelt, is_rest = found
        template = node.rest_template if is_rest else node.template
        return UrlShape("/" + "/".join(spelt), template, tuple(sorted(node.methods)))

    def _learn(self, path: str, methods: Iterable[str]) -> None:
        node = self._root
        for segment in path.split("/"):
            if not segment:
                continue
            if segment.endswith(":path}"):
                node.takes_rest, node.rest_template = True, path.replace(":path}", "}")
                break
            if segment.startswith("{"):
                node.value = node.value or _Node()
                node = node.value
            else:
                node = node.fixed.setdefault(segment.lower(), (segment, _Node()))[1]
        else:
            node.template = path
        node.methods.update(methods)


def _match(node: _Node, segments: Sequence[str], start: int) -> tuple[_Node, list[str], bool] | None:
    """Walk the tree, words before values; gives the last node and the segments as routes spell them."""
    if node.takes_rest:
        # A name with slashes stays as it is, but for the one before it.
        return node, ["/".join(segments[start:])], True
    while start < len(segments) and not segments[start]:
        start += 1
    if start == len(segments):
        return (node, [], False) if node.template else None
    segment = segments[start]
    word = node.fixed.get(segment.lower())
    if word is not None:
        found = _match(word[1], segments, start + 1)
        if found is not None:
            return found[0], [word[0], *found[1]], found[2]
    if node.value is not None:
        found = _match(node.value, segments, start + 1)
        if found is not None:
            return found[0], [segment, *found[1]], found[2]
    return None


def canonical_query(query: bytes) -> bytes:
    """A query string whose known names are spelt as routes spell them; values are untouched."""
    if not query:
        return query
    return b"&".join(_canonical_pair(pair) for pair in query.split(b"&"))


def _canonical_pair(pair: bytes) -> bytes:
    name, equals, value = pair.partition(b"=")
    bare = unquote_to_bytes(name).strip().lower().removesuffix(b"[]")
    known = _BY_LOWER_NAME.get(bare)
    return pair if known is None else known + equals + value


def raw_path(path: str) -> bytes:
    """A decoded path as it goes over the wire."""
    return quote(path, safe="/:@!$&'()*+,;=~-._").encode()
