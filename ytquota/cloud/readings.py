"""What Cloud Monitoring says was used, as plain figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.cloud.method_names import method_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Place = tuple[datetime, datetime, str, str]  # start, end, bucket, label of the method


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """Units that calls of one method took out of one bucket in one stretch of time.

    Attributes:
        start: where the stretch begins (aware, UTC).
        end: where it ends, exclusive.
        bucket: which daily allowance; the last part of Google's ``quota_metric``.
        method: as ``videos.list``; of a method that we do not know, Google's own name.
        units: quota units (or calls, in the buckets that count calls).
        is_known: whether the method is one that we know.
    """

    start: datetime
    end: datetime
    bucket: str
    method: str
    units: int
    is_known: bool = True


def readings(series: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """Return the readings in time series of ``quota/rate/net_usage``, by time, bucket and method.

    Series that differ in ``limit_name`` tell of the same units once for each limit: the largest counts. All
    other series of one method add up.

    Args:
        series: ``timeSeries`` entries as the API answers them; one series may come in several pieces.
    """
    found: defaultdict[_Place, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry in series:
        labels = entry.get("metric", {}).get("labels", {})
        bucket = labels.get("quota_metric", "").rpartition("/")[2]
        method, limit_name = labels.get("method", ""), labels.get("limit_name", "")
        for point in entry.get("points", ()):
            start, end = _interval(point["interval"])
            found[start, end, bucket, method][limit_name] += _units(point["value"])
    return sorted(_reading(place, max(by_limit.values())) for place, by_limit in found.items())


def _reading(place: _Place, units: int) -> Reading:
    start, end, bucket, label = place
    method, is_known = method_of(label)
    return Reading(start, end, bucket, method, units, is_known)


def _interval(interval: Mapping[str, str]) -> tuple[datetime, datetime]:
    end = datetime.fromisoformat(interval["endTime"])
    return datetime.fromisoformat(interval.get("startTime", interval["endTime"])), end


def _units(value: Mapping[str, Any]) -> int:
    return int(value["int64Value"]) if "int64Value" in value else round(value.get("doubleValue", 0))
