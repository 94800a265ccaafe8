"""Cloud Monitoring v3, as far as quotas go: `projects.timeSeries.list` of what was used, minute by minute."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ytquota.sandbox import cloud_errors
from ytquota.sandbox.api_errors import SERVICE
from ytquota.sandbox.clock import rfc3339
from ytquota.sandbox.cloud_errors import Service
from ytquota.sandbox.gate import ID_PREFIX, Door
from ytquota.sandbox.method_labels import label_of
from ytquota.sandbox.quota_names import limit_names
from ytquota.sandbox.usage import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.sandbox.state import State
    from ytquota.sandbox.usage import SeriesKey
    from ytquota.sandbox.wire import Request

API = Service("monitoring.googleapis.com", "Cloud Monitoring API")
LIST = Door(
    API,
    "google.monitoring.v3.MetricService.ListTimeSeries",
    frozenset({"cloud-platform", "monitoring", "monitoring.read"}),
)
NET_USAGE = "serviceruntime.googleapis.com/quota/rate/net_usage"

_RESOURCE = "consumer_quota"
_TERM = re.compile(
    r'\s*(metric\.type|resource\.type|(?:metric|resource)\.labels?\.\w+)\s*(!?=)\s*"([^"]*)"\s*(?:AND\b|$)\s*'
)
_SUMS = frozenset({"ALIGN_SUM", "ALIGN_DELTA"})

Point = tuple[int, int, int]  # start, end (epoch seconds), units


class _Ask(NamedTuple):
    """What is asked for; times in epoch seconds."""

    terms: list[tuple[str, bool, str]]
    after: float
    until: float
    period: int  # seconds that points are added up over; 0: as they are
    size: int
    offset: int
    headers_only: bool


def time_series(state: State, project: str, request: Request) -> dict[str, Any]:
    """Answer `projects.timeSeries.list`.

    Raises:
        CloudError: the request makes no sense.
    """
    ask = _ask(request, state.billing.usage.page_points)
    series = list(_series(state, project, ask))
    if ask.headers_only:
        return {"timeSeries": [about for about, _ in series]} if series else {}
    return _page(series, ask)


def _ask(request: Request, most: int) -> _Ask:
    after = _instant(request, "interval.startTime")
    until = _instant(request, "interval.endTime")
    if after > until:
        raise cloud_errors.invalid("Field interval had an invalid value: the start is after the end.")
    token = request.one("pageToken", "0")
    if not token.isdecimal():
        raise cloud_errors.invalid("Field pageToken had an invalid value.")
    size = int(request.one("pageSize") or most)
    return _Ask(
        _terms(request.one("filter")),
        after,
        until,
        _period(request),
        min(size, most) if size > 0 else most,
        int(token),
        request.one("view") == "HEADERS",
    )


def _instant(request: Request, name: str) -> float:
    try:
        moment = datetime.fromisoformat(request.one(name))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise cloud_errors.invalid(f"Field {name} had an invalid value of {request.one(name)!r}.")
    return moment.timestamp()


def _terms(text: str) -> list[tuple[str, bool, str]]:
    """The filter as (what, whether it must be equal, value), for comparisons joined by AND."""
    terms, rest = [], text.strip()
    while rest:
        match = _TERM.match(rest)
        if match is None:
            raise cloud_errors.invalid(
                f"Field filter had an invalid value of {text!r}: Could not parse filter."
            )
        terms.append((match[1].replace(".label.", ".labels."), match[2] == "=", match[3]))
        rest = rest[match.end() :]
    if not any(what == "metric.type" and equal for what, equal, _ in terms):
        raise cloud_errors.invalid(
            f"Field filter had an invalid value of {text!r}: The supplied filter does not specify a valid "
            "combination of metric and monitored resource descriptors. The query will not return any time "
            "series."
        )
    return terms


def _period(request: Request) -> int:
    """The alignment period in seconds, 0 for none; this sandbox only adds up."""
    aligner = request.one("aggregation.perSeriesAligner", "ALIGN_NONE")
    if aligner == "ALIGN_NONE":
        return 0
    period = request.one("aggregation.alignmentPeriod").removesuffix("s")
    if aligner not in _SUMS or "aggregation.crossSeriesReducer" in request.params:
        raise cloud_errors.invalid("The sandbox adds up (ALIGN_SUM, ALIGN_DELTA) and does nothing else.")
    if not period.isdecimal() or int(period) < MINUTE:
        raise cloud_errors.invalid("Field aggregation.alignmentPeriod had an invalid value: at least 60s.")
    return int(period)


def _series(state: State, project: str, ask: _Ask) -> Iterator[tuple[dict[str, Any], list[Point]]]:
    """Yield the series that match, without points, and their points, newest first."""
    usage, now = state.billing.usage, state.clock.time()
    for key, minutes in usage.series(project, ask.after, ask.until, now):
        points = [(minute, minute + MINUTE, units) for minute, units in minutes]
        points = _added_up(points, ask) if ask.period else points
        for name in limit_names(key.bucket) if usage.limit_names else ("",):
            about = _about(key, name)
            if all((_value(about, what) == value) is equal for what, equal, value in ask.terms):
                yield about, points[::-1]


def _about(key: SeriesKey, limit_name: str) -> dict[str, Any]:
    labels = {"method": label_of(key.method), "quota_metric": f"{SERVICE}/{key.bucket}"}
    where = {"project_id": f"{ID_PREFIX}{key.project}", "service": SERVICE, "location": "global"}
    return {
        "metric": {"type": NET_USAGE, "labels": labels | ({"limit_name": limit_name} if limit_name else {})},
        "resource": {"type": _RESOURCE, "labels": where},
        "metricKind": "DELTA",
        "valueType": "INT64",
    }


def _value(about: dict[str, Any], what: str) -> str | None:
    holder, _, name = what.partition(".")
    value = about[holder]["type"] if name == "type" else about[holder]["labels"].get(name.partition(".")[2])
    return str(value) if value is not None else None


def _added_up(points: list[Point], ask: _Ask) -> list[Point]:
    """Add up over periods that are counted back from the end of the interval."""
    sums: defaultdict[int, int] = defaultdict(int)
    for _, end, units in points:
        back = int((ask.until - end) // ask.period)
        sums[int(ask.until) - back * ask.period] += units
    return [(end - ask.period, end, units) for end, units in sorted(sums.items())]


def _page(series: list[tuple[dict[str, Any], list[Point]]], ask: _Ask) -> dict[str, Any]:
    """As many points as a page holds; a series may go on on the next one."""
    skip, room, shown, more = ask.offset, ask.size, [], False
    for about, points in series:
        part = points[skip : skip + room]
        more = more or len(points) > skip + len(part)
        skip, room = max(0, skip - len(points)), room - len(part)
        if part:
            shown.append({**about, "points": [_point(*point) for point in part]})
    page: dict[str, Any] = {"timeSeries": shown} if shown else {}
    return page | ({"nextPageToken": str(ask.offset + ask.size)} if more else {}) | {"unit": "1"}


def _point(start: int, end: int, units: int) -> dict[str, Any]:
    return {
        "interval": {"startTime": rfc3339(start), "endTime": rfc3339(end)},
        "value": {"int64Value": str(units)},
    }
