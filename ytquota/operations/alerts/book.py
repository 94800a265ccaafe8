"""`memory/quota_alerts.json`: what was told, what is not over yet, and what has not been delivered.

Changed under one lock and replaced whole. A file that cannot be read is set aside: the price is that an alert
may be told twice, and not that one is never told.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.auth.files import alone_with, replace_json
from ytquota.clock import utc
from ytquota.monitor.files import set_aside
from ytquota.operations.alerts.edges import Alert, Edges, Ringing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "quota_alerts.json"
VERSION = 1
KEPT = 1000
"""Alerts that the history holds; older ones are dropped."""


@dataclass(slots=True)
class Entry:
    """An alert of the history.

    Attributes:
        alert: what was told.
        waiting: the channels that have not taken it yet.
        tries: how often delivery was tried.
        given_up: channels that refused it for too long.
    """

    alert: Alert
    waiting: list[str] = field(default_factory=list)
    tries: int = 0
    given_up: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return self.alert.to_json() | {
            "waiting": self.waiting,
            "tries": self.tries,
            "given_up": self.given_up,
        }


@dataclass(slots=True)
class Page:
    """What the file holds: the history, oldest first, and what was told already."""

    edges: Edges = field(default_factory=Edges)
    history: list[Entry] = field(default_factory=list)


class Book:
    """The file in a memory folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def read(self) -> Page:
        """What is in the file, as good as empty where there is none; nothing is set aside."""
        try:
            return _parsed(orjson.loads(self.path.read_bytes()))
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return Page()

    @contextmanager
    def change(self, now: float) -> Iterator[Page]:
        """Hold the lock, hand out what is in the file, and write it back if it is another then."""
        with alone_with(self.path):
            page = self._load()
            before = _document(page)
            yield page
            del page.history[:-KEPT]
            after = _document(page)
            if after != before:
                replace_json(self.path, {"v": VERSION, "updated": utc(now).isoformat()} | after, mode=0o600)

    def _load(self) -> Page:
        try:
            return _parsed(orjson.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return Page()
        except (ValueError, KeyError, TypeError, AttributeError):
            set_aside(self.path)
            return Page()


def _document(page: Page) -> dict[str, Any]:
    return {
        "ringing": {key: asdict(one) for key, one in page.edges.ringing.items()},
        "told": dict(page.edges.told),
        "warned": {pool: dict(days) for pool, days in page.edges.warned.items() if days},
        "history": [entry.to_json() for entry in page.history],
    }


def _parsed(content: dict[str, Any]) -> Page:
    if content["v"] != VERSION:
        raise ValueError(f"it is of version {content['v']}, not {VERSION}")
    ringing = {str(key): Ringing(**one) for key, one in content["ringing"].items()}
    told = {str(key): str(day) for key, day in content["told"].items()}
    warned = {str(pool): dict(days) for pool, days in content["warned"].items()}
    return Page(Edges(ringing, told, warned), [_entry(one) for one in content["history"]])


def _entry(one: dict[str, Any]) -> Entry:
    names = ("id", "kind", "rule", "severity", "text", "project", "bucket", "credential_set")
    alert = Alert(at=datetime.fromisoformat(one["at"]), **{name: one[name] for name in names})
    return Entry(alert, list(one["waiting"]), int(one["tries"]), list(one["given_up"]))
