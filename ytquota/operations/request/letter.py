"""The evidence as Markdown, in the order in which Google's form asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.operations.request.prose import NEED_NOTE, NOTHING, ONES_OWN, USE_NOTE, WHERE_TO
from ytquota.operations.request.words import (
    advised_cell,
    band,
    counted,
    limit_source,
    percent,
    span,
    table,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.intelligence.need import Evidence, Habit, PoolNeed

_MANY_RUN_OUTS = 10
_FEW_DAYS = 28


def letter(evidence: Evidence) -> str:
    """Write the evidence down; Markdown that ends with a line break."""
    parts = [_head(evidence)]
    if evidence.is_empty:
        parts.append(_nothing(evidence))
    else:
        parts += [_asked(evidence), _used(evidence), _refused(evidence), _need(evidence), _thrift(evidence)]
    return "\n\n".join([*parts, ONES_OWN.format(project=evidence.project), WHERE_TO]) + "\n"


def _head(evidence: Evidence) -> str:
    return (
        f"# Quota of project {evidence.project}: use and need\n\n"
        f"YouTube Data API v3. Quota days {span(evidence.first, evidence.last)} (Pacific), "
        f"written on {evidence.made_at:%Y-%m-%d} from the log of ytquota. {_sources(evidence)}"
    )


def _sources(evidence: Evidence) -> str:
    days = (evidence.last - evidence.first).days + 1
    told = (
        f"On {evidence.local_days} of the {days} days calls were counted by ytquota, as they were made "
        "(*local*)"
    )
    if evidence.official_days:
        told += f"; {evidence.official_days} more days are as Google's own counters have them (*official*)"
    return f"{told}. Of the other days nothing is known here." if _has_gaps(evidence, days) else f"{told}."


def _has_gaps(evidence: Evidence, days: int) -> bool:
    return evidence.local_days + evidence.official_days < days


def _nothing(evidence: Evidence) -> str:
    return NOTHING.format(project=evidence.project)


def _asked(evidence: Evidence) -> str:
    rows = [
        [
            f"`{one.bucket}`",
            f"{one.limit:,} ({limit_source(one.limit_source)})",
            "-" if one.coming is None else f"{one.coming.most:,.0f}",
            advised_cell(one),
        ]
        for one in evidence.pools
    ]
    heads = ["Bucket", "Limit a day now", "Need: 95 of 100 days", "Limit to ask for"]
    reasons = [f"- `{one.bucket}`: {_reason(one)}" for one in evidence.pools]
    parts = ["## The limit to ask for", table(heads, rows, right=(1, 2, 3)), "\n".join(reasons)]
    if not any(one.advised.is_more for one in evidence.pools):
        parts.append("So the log gives no reason to ask for more.")
    return "\n\n".join(parts)


def _reason(one: PoolNeed) -> str:
    told = [f"{one.advised.reason}."]
    if one.coming is not None and one.coming.history < _FEW_DAYS:
        told.append(f"That rests on only {one.coming.history} finished days: wait for four weeks if you can.")
    if one.advised.after_sparing == one.limit:
        told.append("Once what is advised below is done, today's limit would do: do that first.")
    elif one.advised.after_sparing is not None:
        told.append(f"Once what is advised below is done, {one.advised.after_sparing:,} would do.")
    return " ".join(told)


def _used(evidence: Evidence) -> str:
    days = max(1, evidence.local_days + evidence.official_days)
    rows = [
        [
            f"`{one.method}`",
            f"`{one.bucket}`",
            f"{one.calls:,}",
            f"{one.calls / days:,.1f}",
            f"{one.units:,}",
            f"{one.failed:,}",
            f"{one.refused:,}",
            counted(one.counted),
        ]
        for one in evidence.methods
    ]
    heads = ["Method", "Bucket", "Calls", "a day", "Units", "Failed", "Refused", "Counted by"]
    pools = [
        f"- `{one.bucket}`: {one.mean:,.0f} {unit_of(one.bucket)} on an average day, {one.highest:,} on the "
        f"day that took most{f' ({one.highest_on})' if one.highest_on else ''}."
        for one in evidence.pools
    ]
    return "\n\n".join(
        ["## Use by method", table(heads, rows, right=(2, 3, 4, 5, 6)), USE_NOTE, "\n".join(pools)]
    )


def _refused(evidence: Evidence) -> str:
    return "\n\n".join(["## Days that ran out, and demand refused", *map(_run_outs, evidence.pools)])


def _run_outs(one: PoolNeed) -> str:
    if not one.run_outs and not one.refused_calls:
        return f"`{one.bucket}`: no day ran out, and no call was refused."
    days = "1 day" if len(one.run_outs) == 1 else f"{len(one.run_outs) or 'no'} days"
    what = f"{one.refused_units:,} {unit_of(one.bucket)}"
    told = [
        (
            f"`{one.bucket}`: {days} ran out, and {one.refused_calls:,} calls were refused, which would have "
            f"taken {what} (local count; a bot that asks again and again is counted each time)."
        )
    ]
    shown = one.run_outs[-_MANY_RUN_OUTS:]
    if shown:
        rows = [
            [
                str(day.day),
                f"{day.at:%H:%M %Z}" if day.at else "not known",
                f"{day.calls:,}",
                f"{day.units:,}",
            ]
            for day in shown
        ]
        heads = ["Day", "Empty from", "Calls refused then", "Their units"]
        told.append(table(heads, rows, right=(2, 3)))
        if len(shown) < len(one.run_outs):
            told.append(f"These are the last {len(shown)}.")
    return "\n\n".join(told)


def _need(evidence: Evidence) -> str:
    rows = []
    for one in evidence.pools:
        if one.coming is None:
            rows.append([f"`{one.bucket}`", "too little is known", "-", "-", "-"])
            continue
        trend = "-" if one.coming.trend is None else f"{one.coming.trend - 1:+.0%}"
        cells = [band(one.coming.need), f"{one.coming.most:,.0f}", percent(one.coming.over), trend]
        rows.append([f"`{one.bucket}`", *cells])
    heads = ["Bucket", "A day: 10, 50, 90 %", "95 %", "Days over the limit", "Last 28 days to the 28 before"]
    return "\n\n".join(["## The need to come", NEED_NOTE, table(heads, rows, right=(1, 2, 3, 4))])


def _thrift(evidence: Evidence) -> str:
    return "\n\n".join(
        ["## What is done to use little", *_habits(evidence), *_done(evidence), *_left(evidence)]
    )


def _habits(evidence: Evidence) -> Iterator[str]:
    if evidence.habits:
        rows = [
            [_habit_name(one), _figure(one, one.before), _figure(one, one.now)] for one in evidence.habits
        ]
        yield table(["Figure (local)", "Before", "Last 28 days"], rows, right=(1, 2))
    else:
        yield "There are no calls of our own in the last 28 days to judge."


def _habit_name(one: Habit) -> str:
    names = {
        "ids per call": f"Ids in a call of `{one.method}` (50 fit)",
        "repeated reads": "Reads repeated while the answer before still held (a cache spares them)",
        "failed calls": "Calls that were charged and brought nothing",
    }
    return names[one.name]


def _figure(one: Habit, value: float | None) -> str:
    if value is None:
        return "-"
    return percent(value) if one.is_share else f"{value:,.1f}"


def _done(evidence: Evidence) -> Iterator[str]:
    if evidence.done:
        rows = [
            f"- {one.title}: {one.saved:,.0f} {unit_of(one.bucket)} a day of `{one.bucket}` at that time."
            for one in evidence.done
        ]
        yield "Found before the last 28 days, and no longer:\n\n" + "\n".join(rows)


def _left(evidence: Evidence) -> Iterator[str]:
    saving = [one for one in evidence.left if one.saving]
    if not saving:
        yield "Nothing is known that would spare 1 % of a pool (`ytquota advise`)."
        return
    rows = [
        f"- {one.title}: {one.saving:,.0f} {unit_of(one.bucket)} a day of `{one.bucket}` ({one.certainty})."
        for one in saving
    ]
    yield "What could still be spared; `ytquota advise` says how:\n\n" + "\n".join(rows)
