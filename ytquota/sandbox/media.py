"""Downloads: the text of captions, whole or by ranges."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from ytquota.sandbox import schemas
from ytquota.sandbox.api_errors import ApiError, not_found
from ytquota.sandbox.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.resources import Resources
    from ytquota.sandbox.state import Call
    from ytquota.sandbox.writes import Writes

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt", "sbv": "text/plain"}


class Downloads:
    """Answers `captions.download`."""

    def __init__(self, resources: Resources, writes: Writes) -> None:
        self._resources = resources
        self._writes = writes

    def captions(self, call: Call) -> Answer:
        """The track that was uploaded under this id, or a made-up one."""
        ident = call.path_values["id"]
        if self._resources.get("Caption", ident, ()) is None:
            raise not_found("caption track", "captionNotFound")
        text = self._writes.media.get(ident) or _subtitles(self._resources.seeded("captions", ident))
        return _ranged(
            text, call.request.headers.get("range"), _TYPES.get(call.request.one("tfmt"), "text/plain")
        )


def handlers(resources: Resources, writes: Writes) -> dict[str, Callable[[Call], Answer]]:
    """Method name -> handler."""
    return {"captions.download": Downloads(resources, writes).captions}


def _ranged(content: bytes, wanted: str | None, content_type: str) -> Answer:
    whole = len(content)
    match = _RANGE.fullmatch(wanted or "")
    if match is None:
        return Answer(200, content, content_type, (("accept-ranges", "bytes"),))
    start = int(match[1])
    end = min(int(match[2] or whole - 1), whole - 1)
    if start >= whole or end < start:
        raise ApiError(416, "requestedRangeNotSatisfiable", f"The content has {whole} bytes.")
    headers = (("content-range", f"bytes {start}-{end}/{whole}"), ("accept-ranges", "bytes"))
    return Answer(206, content[start : end + 1], content_type, headers)


def _subtitles(seed: int) -> bytes:
    rng = random.Random(seed)  # noqa: S311 plausible, not secret
    lines = []
    for count in range(1, rng.randint(40, 120)):
        minute, second = divmod(count * 4, 60)
        times = f"00:{minute:02}:{second:02},000 --> 00:{minute:02}:{second:02},900"
        lines.append(f"{count}\n{times}\n{schemas.words(rng, 3, 8)}\n")
    return "\n".join(lines).encode()
