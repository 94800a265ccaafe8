"""One request and one answer, free of any server: what the parts of the sandbox hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

JSON = "application/json; charset=UTF-8"


@dataclass(slots=True)
class Request:
    """A request as it came in; header names are lower case."""

    verb: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    base: str  # "http://127.0.0.1:8123", as the caller addressed us
    params: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.params = parse_qs(self.query_string, keep_blank_values=True) if self.query_string else {}
        override = self.headers.get("x-http-method-override")
        if override:  # a GET too long for an address comes as a POST with a form
            self.verb = override.upper()
            if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
                for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items():
                    self.params.setdefault(name, []).extend(values)
                self.body = b""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        values = self.params.get(name)
        return values[0] if values else default

    def many(self, name: str) -> list[str]:
        """All values of a parameter; commas separate, and so does repeating it."""
        return [value for text in self.params.get(name, ()) for value in text.split(",") if value]


@dataclass(slots=True)
class Answer:
    """What goes back: status, headers, body; or, with `drop`, a reset connection."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds
    drop: bool = False
    reason: str = ""  # of an error, for the access log

    @classmethod
    def json(
        cls, status: int, document: Any, headers: tuple[tuple[str, str], ...] = (), *, reason: str = ""
    ) -> Answer:
        """An answer that carries `document` as JSON."""
        return cls(status, orjson.dumps(document), headers=headers, reason=reason)
