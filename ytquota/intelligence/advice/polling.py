"""Polls: sooner than the server wants them, or all night for what happens in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC
from ytquota.intelligence.advice.calls import SAME_BOT, answered, by_bot, runs, thinned
from ytquota.intelligence.advice.finding import Finding
from ytquota.prices import is_write

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from ytquota.intelligence.advice.calls import Rows

_CHATS = ("liveChatMessages.list", "liveChatMessages.streamList")
_TOO_FAST = ("rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED")

EVERY = 1800.0
"""Seconds between two polls in quiet hours."""

_FEWEST_DAYS, _FEWEST_A_DAY, _FEWEST_HOURS = 7, 48, 4
_JITTER = 0.1  # seconds by which timers and clocks may be early
_RARELY = 0.05  # of the days: an hour in which the bot has other work no oftener than that is quiet
_HOURS = 24


def too_soon(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """Polls of a chat sooner than the answer before asked, and those answered with: too soon."""
    polls = left[left["method"].isin(_CHATS) & (left["units"] > 0)]
    is_refused = (polls["outcome"] == "error") & polls["reason"].isin(_TOO_FAST)
    early = [*polls.index[is_refused], *_sooner(polls[~is_refused])]
    for rows, gone in by_bot(polls, early):
        yield Finding(
            rule="poll-too-soon",
            title=f"{rows['tag'].iloc[0]} polls {rows['method'].iloc[0]} sooner than YouTube asks",
            rows=rows,
            spared=gone,
            change="Wait as long as each answer says; a poll that comes too soon is charged all the same.",
            code=_OBEY,
            certainty="measured",
            assumption="A poll that waits as it was told brings what those in between have brought.",
        )


def _sooner(polls: pd.DataFrame) -> Rows:
    """Those that a bot would not have made which waited, each time, as long as the last answer asked."""
    if polls["polling_interval"].isna().all():
        return []
    ordered = runs(polls, [*SAME_BOT, "credential_set", "hash", "process"])
    took = ordered["latency"].fillna(0.0)
    wait = ordered["polling_interval"].to_numpy("float64", na_value=0.0) / 1000
    spared, lot, due, before = [], -1, 0.0, 0.0
    walk = zip(ordered.index, ordered["group"], ordered["seconds"] - took, took + wait, strict=True)
    for label, group, sent, until_next in walk:
        if group != lot:
            lot, due, before = group, sent, sent
        if sent < due - _JITTER:
            spared.append(label)
        else:  # who waits would have asked when it was due, be it before this one of a run of hasty polls
            due = (due if sent < before - _JITTER else sent) + until_next
        before = sent + until_next
    return spared


def quiet_hours(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """One question asked around the clock, though what it waits for comes at certain hours."""
    reads = answered(left[left["hash"] != ""])
    days = (left["day"].max() - left["day"].min()).days + 1 if len(left) else 0
    if days < _FEWEST_DAYS or reads.empty:
        return
    keys = [*SAME_BOT, "credential_set", "hash"]
    asked = reads.groupby(keys, observed=True, sort=False)["calls"].transform("size")
    often = reads[asked >= _FEWEST_A_DAY * days]
    for _, polls in often.groupby(keys, observed=True):
        method = str(polls["method"].iloc[0])
        if is_write(method) or method in _CHATS:  # a chat is there only while somebody streams
            continue
        quiet = _quiet(polls, left, days)
        if quiet and len(polls["at"].dt.tz_convert(PACIFIC).dt.hour.unique()) == _HOURS:
            yield from _finding(polls, quiet)


def _quiet(polls: pd.DataFrame, calls: pd.DataFrame, days: int) -> list[int]:
    """Hours of the day (Pacific) in which the bot hardly ever did anything else; none if it never does."""
    first = polls.iloc[0]
    mine = calls[(calls["project"] == first["project"]) & (calls["tag"] == first["tag"])]
    other = mine[~mine.index.isin(polls.index)]
    hours = other["at"].dt.tz_convert(PACIFIC).dt.hour
    busy_days = other["day"].groupby(hours).nunique()
    busy = {int(hour) for hour, count in busy_days.items() if count > _RARELY * days}
    quiet = sorted(set(range(_HOURS)) - busy)
    return quiet if busy and len(quiet) >= _FEWEST_HOURS else []


def _finding(polls: pd.DataFrame, quiet: list[int]) -> Iterator[Finding]:
    hours = polls["at"].dt.tz_convert(PACIFIC).dt.hour
    at_rest = runs(polls[hours.isin(quiet)], SAME_BOT)
    gone = thinned(at_rest, EVERY)
    if not gone:
        return
    usual = float(runs(polls, SAME_BOT)["seconds"].diff().median())
    tag, method = str(polls["tag"].iloc[0]), str(polls["method"].iloc[0])
    yield Finding(
        rule="quiet-hours",
        title=f"{tag} polls {method} around the clock, with work to do in {_HOURS - len(quiet)} hours",
        rows=polls,
        spared=gone,
        change=f"Ask every {EVERY / 60:.0f} minutes in the hours that are always quiet.",
        code=_QUIET.format(hours=set(quiet), every=round(EVERY), usual=round(usual)),
        certainty="estimated",
        assumption=(
            f"What the bot waits for keeps its hours (Pacific): outside of them it was busy on at most "
            f"{_RARELY:.0%} of the days, and then it would start up to {EVERY / 60:.0f} minutes late."
        ),
    )


_OBEY = """\
answer = request.execute()
time.sleep(answer["pollingIntervalMillis"] / 1000)  # then ask again"""

_QUIET = """\
QUIET = {hours}
hour = datetime.now(ZoneInfo("America/Los_Angeles")).hour
time.sleep({every} if hour in QUIET else {usual})"""
