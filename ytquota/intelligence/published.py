"""``memory/forecast.json``: forecasts made by whoever has pandas, read by bots that have not.

What a bot needs of it is small: how many units of a pool are kept from its calls for more important work of
others, now and as the day goes on. A file that is missing, older than half an hour or garbled counts as none,
and whoever asks is told so. Nothing heavy is imported here.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ytquota import clock as clocks
from ytquota.monitor.files import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger("ytquota")

FILE_NAME = "forecast.json"
VERSION = 1
VALID = 1800.0
"""Seconds that a published forecast is good for."""

DUE = 240.0
"""Seconds after which a new one may be published."""

_LOOK = 1.0
_SKEW = 300.0  # seconds that another machine's clock may be ahead


class Curve(NamedTuple):
    """Units kept at instants (epoch seconds), to be interpolated; none after the last."""

    at: Sequence[float]
    units: Sequence[float]

    def value(self, now: float) -> float:
        """Units kept now."""
        after = bisect_right(self.at, now)
        if after == 0:
            return self.units[0]
        if after == len(self.at):
            return 0.0
        begin, end = self.at[after - 1], self.at[after]
        share = (now - begin) / (end - begin) if end > begin else 1.0
        return self.units[after - 1] + share * (self.units[after] - self.units[after - 1])

    def falls_to(self, units: float) -> float:
        """The first of its instants from which on no more than so many units are kept."""
        return next(at for at, kept in zip(self.at, self.units, strict=True) if kept <= units)


_Kept = dict[tuple[str, str, str], "tuple[Sequence[float], Mapping[str, Sequence[float]]]"]
"""(project, bucket, priority) -> (instants, units by tag); the tag "" stands for all that are not named."""


class PublishedForecast:
    """The published forecast, looked at again at most once a second.

    Args:
        folder: the memory folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._next_look = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._kept: _Kept = {}
        self._made_at = float("-inf")
        self._problem = f"there is no {FILE_NAME}"

    def kept(self, project: str, bucket: str, priority: str, tag: str, now: float) -> float:
        """Units that calls of this priority and tag leave for others; 0 without a valid forecast."""
        curve = self.curve(project, bucket, priority, tag, now)
        return curve.value(now) if curve is not None else 0.0

    def curve(self, project: str, bucket: str, priority: str, tag: str, now: float) -> Curve | None:
        """What is kept from such calls as the day goes on; None where nothing is, or no forecast is valid."""
        self._look(now)
        if not self._made_at - _SKEW <= now <= self._made_at + VALID:
            return None
        found = self._kept.get((project, bucket, priority))
        if found is None:
            return None
        at, by_tag = found
        units = by_tag.get(tag, by_tag.get("", ()))
        return Curve(at, units) if units else None

    def problem(self, now: float) -> str:
        """Why no forecast is in force, as part of a sentence; empty if one is."""
        self._look(now)
        if self._problem:
            return self._problem
        if now > self._made_at + VALID:
            return f"{FILE_NAME} is {(now - self._made_at) / 60:,.0f} minutes old"
        return f"{FILE_NAME} is from the future" if now < self._made_at - _SKEW else ""

    # -- inside

    def _look(self, now: float) -> None:
        """Read the file if it is another one than a second ago."""
        if 0 <= self._next_look - now <= _LOOK:
            return
        self._next_look = now + _LOOK
        try:
            stat = self.path.stat()
            seen = stat.st_mtime_ns, stat.st_size, stat.st_ino
            if seen == self._seen:
                return
            self._seen = seen
            self._made_at, self._kept = _parse(self.path.read_bytes())
            self._problem = ""
        except FileNotFoundError:
            self._forget(f"there is no {FILE_NAME}")
            self._seen = None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            self._forget(f"{FILE_NAME} cannot be read")
            logger.warning("%s counts as if it were not there: %s.", self.path, error)

    def _forget(self, problem: str) -> None:
        self._made_at, self._kept, self._problem = float("-inf"), {}, problem


def publish(
    folder: Path, now: float, pools: Sequence[Mapping[str, Any]], *, by: str = "", every: float = 0.0
) -> bool:
    """Replace the published forecast, unless somebody else is writing it or a younger one is there.

    Args:
        folder: the memory folder.
        now: epoch seconds.
        pools: per pool the facts of its forecast, with "kept" as `kept.kept_curves` makes them.
        by: who publishes it.
        every: leave one alone that is younger than so many seconds.

    Returns:
        Whether it was written.
    """
    path = folder / FILE_NAME
    with locked(path, patience=0) as mine:
        if not mine or not is_due(folder, now, every):
            return False
        content = {
            "v": VERSION,
            "made_at": clocks.utc(now).isoformat(),
            "valid_until": clocks.utc(now + VALID).isoformat(),
            "by": by,
            "pools": pools,
        }
        replace_file(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
    return True


def is_due(folder: Path, now: float, every: float = DUE) -> bool:
    """Whether the published forecast is older than so many seconds, from the future, garbled or missing."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        made_at = _made_at(orjson.loads((folder / FILE_NAME).read_bytes()))
        return not made_at <= now < made_at + every
    return True


def read_published(folder: Path) -> dict[str, Any] | None:
    """The published forecast as it stands in the file, valid or not; None if there is none to be read."""
    try:
        content = orjson.loads((folder / FILE_NAME).read_bytes())
        _made_at(content)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(content)


def _made_at(content: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(content["made_at"]).timestamp()


def _parse(raw: bytes) -> tuple[float, _Kept]:
    content = orjson.loads(raw)
    if content["v"] != VERSION:
        raise ValueError(f"it is of version {content['v']}, not {VERSION}")
    kept: _Kept = {}
    for pool in content["pools"]:
        for priority, curves in pool["kept"].items():
            at = [float(instant) for instant in curves["at"]]
            by_tag = {str(tag): [float(value) for value in units] for tag, units in curves["by_tag"].items()}
            if any(units and len(units) != len(at) for units in by_tag.values()) or at != sorted(at):
                raise ValueError(f"the curve of {pool['bucket']} for {priority} is not one")
            kept[str(pool["project"]), str(pool["bucket"]), str(priority)] = (at, by_tag)
    return _made_at(content), kept
