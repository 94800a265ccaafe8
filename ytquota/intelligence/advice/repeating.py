"""Questions asked again: while the answer still holds, or though the answer was a final no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ytquota.intelligence.advice.calls import SAME_BOT, answered, by_bot, runs, thinned
from ytquota.intelligence.advice.finding import Finding
from ytquota.prices import is_write
from ytquota.verdicts import classify

if TYPE_CHECKING:
    from collections.abc import Iterator

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0

METHOD_LIFE: dict[str, float] = {
    "commentThreads.list": _MINUTE,
    "comments.list": _MINUTE,
    "activities.list": _MINUTE,
    "playlistItems.list": _MINUTE,
    "liveBroadcasts.list": 30.0,
    "liveStreams.list": 30.0,
    "superChatEvents.list": 30.0,
    "search.list": 900.0,
    "i18nLanguages.list": _DAY,
    "i18nRegions.list": _DAY,
    "videoAbuseReportReasons.list": _DAY,
    "videoCategories.list": _DAY,
}
"""Seconds for which an answer is as good as a new one, by method."""

PART_LIFE: dict[str, float] = {
    "processingDetails": 20.0,
    "liveStreamingDetails": 30.0,
    "status": _MINUTE,
    "statistics": _MINUTE,
    "snippet": _HOUR,
    "contentDetails": _HOUR,
    "topicDetails": _HOUR,
    "brandingSettings": _HOUR,
    "id": _HOUR,
}
"""The same by part, for other methods; the shortest of a call's parts counts."""

LIFE = 60.0
"""The same for everything else."""

_NEVER = frozenset(("liveChatMessages.list", "liveChatMessages.streamList", "captions.download"))
"""Reads whose parameters do not tell whether they are the same: a chat goes on, a caption is in the path."""

_SAME_QUESTION = (*SAME_BOT, "credential_set", "hash")


def repeated_reads(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """The same read, answered, again within the useful life of its answer."""
    reads = answered(_questions(left))
    reads = reads[~reads["method"].isin(_NEVER)]
    repeated = runs(reads[reads.duplicated(list(_SAME_QUESTION), keep=False)], _SAME_QUESTION)
    lives = [
        life(str(method), str(parts))
        for method, parts in zip(repeated["method"], repeated["parts"], strict=True)
    ]
    for rows, gone in by_bot(reads, thinned(repeated, lives)):
        again = rows.loc[gone]
        tag, method = str(rows["tag"].iloc[0]), str(rows["method"].iloc[0])
        seconds = round(life(method, str(again["parts"].mode().iloc[0])))
        yield Finding(
            rule="repeated-read",
            title=f"{tag} reads the same with {method} again and again",
            rows=rows,
            spared=gone,
            change=f"Keep the answer for {seconds} s, or wait that long before asking again.",
            code=_CACHE.format(seconds=seconds),
            certainty="measured",
            assumption=f"An answer is as good as a new one for {seconds} s.",
        )


def permanent_errors(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """The same call again after an answer that will not change."""
    asked = left[(left["hash"] != "") & ~left["outcome"].isin(("denied", "refused", "not_sent"))]
    errors = asked[_failed(asked)]
    for rows, gone in by_bot(errors, _after_final_no(asked)):
        reason = rows.loc[gone, "reason"].astype("object").mode().iloc[0] or "an error"
        yield Finding(
            rule="permanent-error",
            title=f"{rows['tag'].iloc[0]} repeats calls of {rows['method'].iloc[0]} that fail for good",
            rows=rows,
            spared=gone,
            change=f"Remember what was answered with {reason} and do not ask again; retry only 5xx.",
            code=_GIVE_UP,
            certainty="measured",
            assumption="The same question gets the same answer for the rest of the day.",
        )


def life(method: str, parts: str) -> float:
    """Seconds for which the answer to a read is as good as a new one."""
    if method in METHOD_LIFE:
        return METHOD_LIFE[method]
    return min((PART_LIFE.get(part, LIFE) for part in parts.split(",") if part), default=LIFE)


def _questions(calls: pd.DataFrame) -> pd.DataFrame:
    is_read = ~calls["method"].map(is_write).astype("bool")
    return calls[is_read & (calls["hash"] != "")]


def _failed(calls: pd.DataFrame) -> pd.Series[bool]:
    """Whether a call was charged and answered with an error that asking again does not cure."""
    told = calls[["method", "status", "reason"]].drop_duplicates()
    final = {
        (method, status, reason)
        for method, status, reason in told.itertuples(index=False)
        if not pd.isna(status) and _is_final(str(method), int(status), str(reason))
    }
    keys = pd.MultiIndex.from_frame(calls[["method", "status", "reason"]])
    is_final = keys.isin(list(final)) if final else False
    return (calls["outcome"] == "error") & (calls["units"] > 0) & is_final


def _is_final(method: str, status: int, reason: str) -> bool:
    body = {"error": {"code": status, "errors": [{"reason": reason}]}}
    return classify(status, body, method=method).kind in {"stop", "not_authorised"}


def _after_final_no(asked: pd.DataFrame) -> list[int]:
    """Final errors that follow one to the same question on the same day, with no success between."""
    ordered = runs(asked, (*_SAME_QUESTION, "day"))
    failed = _failed(ordered)
    same = ordered["group"].diff().fillna(1.0) == 0
    before = failed.shift(1, fill_value=False)
    # a write's text is not in the hash: only the client's own retry is surely the same write
    surely = ~ordered["method"].map(is_write).astype("bool") | (ordered["calls"] == 0)
    spared: list[int] = ordered.index[failed & same & before & surely].tolist()
    return spared


_CACHE = """\
answers = {{}}

def ask(request):
    now = time.monotonic()
    if request.uri not in answers or now - answers[request.uri][0] >= {seconds}:
        answers[request.uri] = now, request.execute()
    return answers[request.uri][1]"""

_GIVE_UP = """\
try:
    answer = request.execute(num_retries=3)  # retries 5xx by itself
except HttpError as error:
    if 400 <= error.resp.status < 500:
        hopeless.add(request.uri)"""
