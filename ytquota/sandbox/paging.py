"""Pages of a list: which places a page shows, its tokens, and the answer around its items."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import ApiError
from ytquota.sandbox.checks import PERSONAL
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from ytquota.sandbox.state import Call

_NOT_FILTERS = frozenset("part maxResults pageToken key alt fields prettyPrint quotaUser hl order".split())  # noqa: SIM905
_DEFAULT_COUNT = 5


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Args:
        query: the list as such: method and filters, without page and parts.
        start: place of the first item.
        count: places on a page.
        size: places in the whole list.
    """

    query: str
    start: int
    count: int
    size: int

    @property
    def places(self) -> range:
        """The places shown."""
        return range(self.start, min(self.start + self.count, self.size))

    def tokens(self) -> dict[str, str]:
        """The tokens of the pages after and before."""
        tokens = {}
        if self.count and self.start + self.count < self.size:
            tokens["nextPageToken"] = _token(self.query, self.start + self.count)
        if self.start:
            tokens["prevPageToken"] = _token(self.query, max(0, self.start - self.count))
        return tokens


def page_of(call: Call, query: str, size: int, *, whole: bool = False) -> Page:
    """The page that a call asks for; the only one where the method has no pages, or `whole`.

    Raises:
        ApiError: the page token is of another list, or none at all.
    """
    limit = call.method.parameters.get("maxResults")
    if limit is None or whole:
        return Page(query, 0, size, size)
    count = int(call.request.one("maxResults") or limit.default or _DEFAULT_COUNT)
    return Page(query, _start(call.request.one("pageToken"), query), count, size)


def query_of(call: Call) -> str:
    """What names a list: the method, its filters, and the channel where they mean "me"."""
    wanted = {name: values for name, values in call.request.params.items() if name not in _NOT_FILTERS}
    personal = call.caller.channel if PERSONAL.intersection(wanted) else ""
    return f"{call.method.name} {personal} {sorted(wanted.items())}"


def list_answer(
    call: Call, items: list[dict[str, Any]], page: Page | None = None, *, total: int | None = None
) -> Answer:
    """The answer with these items; without a page they are all there is."""
    schema = call.method.response or ""
    total = (page.size if page else len(items)) if total is None else total
    etag = schemas.identify("etag", call.method.name, [item.get("etag", item) for item in items], total)
    body: dict[str, Any] = {"kind": schemas.kind_of(schema), "etag": etag}
    if page:
        body |= {name: token for name, token in page.tokens().items() if schemas.has(schema, name)}
    if schemas.has(schema, "regionCode"):
        body["regionCode"] = call.request.one("regionCode", "US")
    if schemas.has(schema, "pageInfo"):
        body["pageInfo"] = {"totalResults": total, "resultsPerPage": page.count if page else len(items)}
    body["items"] = items
    return Answer.json(200, body, (("etag", f'"{etag}"'),))


@lru_cache(maxsize=4096)
def _token(query: str, start: int) -> str:
    return urlsafe_b64encode(f"{start}:{schemas.number(query)}".encode()).decode().rstrip("=")


def _start(token: str, query: str) -> int:
    if not token:
        return 0
    try:
        place, _, digest = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
        start = int(place)
    except ValueError:
        start, digest = -1, ""
    if start < 0 or digest != str(schemas.number(query)):
        message = "The request specifies an invalid page token."
        raise ApiError(400, "invalidPageToken", message, domain="youtube.parameter", location="pageToken")
    return start
