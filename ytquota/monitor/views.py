"""`quota_usage.json`: the day's numbers for people and other programs. Decisions never read it."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.monitor.files import locked, replace_file, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ytquota.monitor.log import JournalLog

logger = logging.getLogger("ytquota")
VERSION = 1


class UsageView:
    """Writes the view so that it never goes back: it carries its position in the ledger."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, summary: Callable[[], dict[str, Any]], log: JournalLog) -> None:
        """Replace the view, unless somebody else is writing it or a newer one is there. Raises nothing."""
        try:
            with locked(self.path, patience=0) as mine:
                if mine:
                    self._replace(summary(), log)
        except Exception as error:  # noqa: BLE001 - no call may fail, nor lose its answer, for the sake of a view
            logger.debug("The view %s could not be written: %s", self.path, error)

    def _replace(self, facts: dict[str, Any], log: JournalLog) -> None:
        position = log.offsets(date.fromisoformat(facts["day"]))
        before = self._existing()
        if before is not None and _is_newer(before, facts["day"], position):
            return
        content = {"v": VERSION, "position": position} | facts
        replace_file(self.path, orjson.dumps(content, option=orjson.OPT_INDENT_2))

    def _existing(self) -> dict[str, Any] | None:
        """The view that is there; one of an older system's shape is kept beside it as `.old`."""
        try:
            view = orjson.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            view = None
        if isinstance(view, dict) and view.get("v") == VERSION:
            return view
        set_aside(self.path)
        return None


def _is_newer(view: dict[str, Any], day: str, position: dict[str, int]) -> bool:
    if view.get("day", "") != day:
        return bool(view.get("day", "") > day)
    return any(size > position.get(name, 0) for name, size in view.get("position", {}).items())
