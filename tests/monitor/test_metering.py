"""From demand to settlement: what is charged, given back, marked, logged and said."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime

import httpx
import pytest

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable, QuotaExceeded, SettingsError
from ytquota.monitor import Decision, Demand, QuotaMonitor, tag

PROJECT = "123456789012"
DAY = date(2026, 11, 10)
QUOTA_EXCEEDED = json.dumps(
    {"error": {"code": 403, "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}}
).encode()


def daily(metric="search_list", limit="100", **metadata):
    """Google's "gone until midnight", which looks like a "slow down"."""
    facts = {
        "quota_metric": f"youtube.googleapis.com/{metric}", "quota_unit": "1/d/{project}",
        "quota_limit_value": limit, "consumer": f"projects/{PROJECT}", **metadata,
    }  # fmt: skip
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [detail | {"metadata": facts}]}
    return json.dumps(
        {"error": error | {"errors": [{"domain": "global", "reason": "rateLimitExceeded"}]}}
    ).encode()


PER_MINUTE = daily().replace(b"1/d/{project}", b"1/min/{project}").replace(b"PerDay", b"PerMinute")
SEARCH, VIDEOS = Demand("search.list", PROJECT, "1", "test"), Demand("videos.list", PROJECT, "1", "test")


def balance(monitor, bucket="default", day=None):
    return monitor.ledger.usage(PROJECT, day)[PROJECT][bucket]


@pytest.mark.parametrize(
    ("status", "body", "units", "outcome"),
    [
        (200, None, 50, "ok"),
        (304, None, 50, "ok"),
        (400, b"{}", 50, "error"),
        (404, b"not json", 50, "error"),
        (500, b"", 50, "error"),
        (503, b"", 50, "error"),
        (403, QUOTA_EXCEEDED, 0, "refused"),
        (429, PER_MINUTE, 0, "refused"),
        (401, b"{}", 0, "free"),
    ],
)
def test_an_answer_is_charged_by_the_table(monitor, status, body, units, outcome):
    """2xx, 304, 4xx and 5xx stay charged; refusals for quota and 401 are given back."""
    monitor.begin([Demand("comments.insert", PROJECT)]).answered([(status, body)], latency=0.2)

    row = list(monitor.log())[-1]
    assert (balance(monitor).used, row["units"], row["outcome"]) == (units, units, outcome)


def test_a_request_that_never_left_is_given_back_and_one_without_answer_is_not(monitor):
    """No connection: not sent. A reset after sending: the server may have run it."""
    monitor.begin([VIDEOS]).not_sent("connection refused")
    assert balance(monitor).used == 0
    monitor.begin([VIDEOS]).lost("timed out", latency=120.0)
    assert balance(monitor).used == 1
    assert [row["outcome"] for row in monitor.log()] == ["not_sent", "lost"]


def test_a_silent_second_send_is_charged_again(monitor):
    """httplib2 re-sends a read on a broken connection; the server saw two."""
    flight = monitor.begin([Demand("captions.list", PROJECT)])
    flight.resent()
    flight.answered([(200, None)], latency=0.1)

    (row,) = monitor.log()
    assert (balance(monitor).used, row["units"], row["attempts"]) == (100, 100, 2)


def test_a_daily_refusal_marks_only_its_own_bucket_until_midnight(monitor, clock):
    """Search gone is not everything gone."""
    verdict = monitor.begin([SEARCH]).answered([(429, daily())], latency=0.1)[0]

    assert verdict.kind == "exhausted"
    assert balance(monitor, "search_list").exhausted_until == clocks.bounds_of(DAY).end
    with pytest.raises(QuotaExceeded) as denied:
        monitor.begin([SEARCH])
    assert denied.value.retry_at == clocks.next_reset(clock.time())
    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)


def test_the_limit_a_server_names_is_learned(monitor):
    """Real projects were answered limits of 0, 6, 100 and 966: never hard-code 100."""
    monitor.begin([SEARCH]).answered([(429, daily(limit="6"))], latency=0.1)

    pool = balance(monitor, "search_list")
    assert (pool.limit, pool.limit_source) == (6, "server")


def test_a_refusal_just_after_the_reset_is_probed_once(monitor, clock):
    """The server may still be speaking of yesterday.

    One call asks again after five minutes, not all of them.
    """
    clock.set(clocks.bounds_of(DAY).start + 120)
    monitor.begin([SEARCH]).answered([(429, daily())], latency=0.1)
    with pytest.raises(QuotaExceeded):
        monitor.begin([SEARCH])

    clock.advance(301)
    probe = monitor.begin([SEARCH])
    with pytest.raises(QuotaExceeded):
        monitor.begin([SEARCH])
    probe.answered([(200, None)], latency=0.1)

    monitor.begin([SEARCH]).answered([(200, None)], latency=0.1)
    assert balance(monitor, "search_list").exhausted_until is None


def test_a_probe_that_is_refused_makes_the_mark_firm(monitor, clock):
    """Twice the same answer, minutes apart, is today's truth."""
    clock.set(clocks.bounds_of(DAY).start + 120)
    monitor.begin([SEARCH]).answered([(429, daily())], latency=0.1)
    clock.advance(301)
    monitor.begin([SEARCH]).answered([(429, daily())], latency=0.1)

    assert balance(monitor, "search_list").exhausted_until == clocks.bounds_of(DAY).end


def test_a_mark_belongs_to_the_window_that_the_server_names(monitor, clock):
    """An answer about yesterday says nothing of today."""
    yesterday = clocks.bounds_of(date(2026, 11, 9))
    body = daily(window_start_time=str(int(yesterday.start)))
    clock.set(clocks.bounds_of(DAY).start + 1)

    monitor.begin([SEARCH]).answered([(429, body)], latency=0.1)

    assert balance(monitor, "search_list").exhausted_until is None
    assert balance(monitor, "search_list", date(2026, 11, 9)).exhausted_until == yesterday.end


def test_a_mark_belongs_to_the_day_of_the_hold_that_met_it(monitor, clock):
    """Sent before midnight, refused after it: the old day was empty, not the new one."""
    clock.set(clocks.bounds_of(DAY).end - 1)
    flight = monitor.begin([Demand("videos.list", PROJECT)])
    clock.advance(2)

    flight.answered([(403, QUOTA_EXCEEDED)], latency=3.0)

    assert balance(monitor).exhausted_until is None
    assert balance(monitor, day=DAY).exhausted_until == clocks.bounds_of(DAY).end


def test_a_batch_is_charged_whole_or_not_at_all_and_says_how_much_would_fit(monitor):
    """A batch that does not fit is not sent; the error tells its caller how to cut it."""
    monitor.ledger.limit(PROJECT, "default", 120, source="operator")
    parts = [Demand("comments.insert", PROJECT)] * 3

    with pytest.raises(QuotaExceeded) as denied:
        monitor.begin(parts)

    assert (denied.value.asked, denied.value.left, denied.value.fits) == (150, 120, 2)
    assert balance(monitor).used == 0


def test_a_batch_over_two_projects_gives_the_first_back_when_the_second_is_empty(monitor):
    """All or none, over projects as well."""
    monitor.ledger.limit("222", "search_list", 0, source="server")

    with pytest.raises(QuotaExceeded):
        monitor.begin([VIDEOS, Demand("search.list", "222")])

    assert balance(monitor).used == 0


def test_each_part_of_a_batch_is_settled_by_its_own_answer(monitor):
    """One part refused, one missing its target, one fine."""
    flight = monitor.begin([VIDEOS, SEARCH, Demand("comments.insert", PROJECT)])

    verdicts = flight.answered([(404, b"{}"), (429, daily()), (200, None)], latency=0.3)

    assert [v.kind for v in verdicts] == ["stop", "exhausted", "ok"]
    assert (balance(monitor).used, balance(monitor, "search_list").used) == (51, 0)
    assert [(r["method"], r["outcome"]) for r in monitor.log()] == [
        ("videos.list", "error"), ("search.list", "refused"), ("comments.insert", "ok"),
    ]  # fmt: skip


def test_a_bot_that_hammers_on_an_empty_pool_writes_one_line_a_second(monitor, clock):
    """The demand is summed, so it is known in full and fills no disk."""
    monitor.ledger.exhaust(PROJECT, "search_list", clocks.bounds_of(DAY).end)
    for _ in range(30):
        for _ in range(100):
            with pytest.raises(QuotaExceeded):
                monitor.begin([SEARCH])
        clock.advance(0.1)

    rows = list(monitor.log())
    assert sum(row["calls"] for row in rows) == sum(row["refused"] for row in rows) == 3_000
    assert len(rows) <= 4
    assert balance(monitor, "search_list").refused == 3_000


def test_an_unpriced_method_is_charged_dear_and_flagged(monitor):
    """It never silently costs 1."""
    monitor.begin([Demand("holograms.insert", PROJECT)]).answered([(200, None)], latency=0.1)

    (row,) = monitor.log()
    assert (row["units"], row["prov"]) == (450, "unpriced")


def test_admission_keeps_units_for_others(tmp_path, journal, clock, rule):
    """What admission wants kept is checked inside the ledger's lock."""
    keeping = rule(lambda *_: Decision(keep=9_990))
    monitor = QuotaMonitor(journal, folder=tmp_path, clock=clock, admission=keeping)
    for _ in range(10):
        monitor.begin([VIDEOS])
    with pytest.raises(QuotaExceeded):
        monitor.begin([VIDEOS])
    monitor.close()


def test_every_bad_answer_is_reported_to_the_callers_hook(tmp_path, journal, clock):
    """This is how a dead credential gets quarantined without the monitor knowing of credentials."""
    seen = []
    monitor = QuotaMonitor(
        journal, folder=tmp_path, clock=clock, on_verdict=lambda _, verdict: seen.append(verdict.kind)
    )
    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)
    monitor.begin([VIDEOS]).answered([(401, b"{}")], latency=0.1)
    monitor.close()

    assert seen == ["not_authorised"]


def test_the_tail_gives_each_row_once_and_crosses_midnight(monitor, clock):
    """A dashboard reads what is new, and nothing when nothing is."""
    clock.set(clocks.bounds_of(DAY).end - 10)
    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)
    rows, position = monitor.tail()
    assert len(rows) == 1
    assert monitor.tail(position) == ([], position)

    late = monitor.begin([VIDEOS])
    clock.advance(20)
    late.answered([(200, None)], latency=0.1)
    monitor.begin([SEARCH]).answered([(200, None)], latency=0.1)

    rows, position = monitor.tail(position)
    assert [row["method"] for row in rows] == ["videos.list", "search.list"]
    assert monitor.tail(position)[0] == []


def test_the_log_is_cut_by_instants_and_projects(monitor, clock):
    """since <= at < until, across days, oldest first."""
    start = clocks.utc(clock.time())
    for hours in range(4):
        clock.set(start.timestamp() + hours * 12 * 3600)
        monitor.begin([Demand("videos.list", str(hours % 2))]).answered([(200, None)], latency=0.1)

    until = clocks.utc(start.timestamp() + 36 * 3600)
    assert [row["project"] for row in monitor.log(start, until)] == ["0", "1", "0"]
    assert [row["project"] for row in monitor.log(start, until, project="1")] == ["1"]
    assert list(monitor.log(datetime(2030, 1, 1, tzinfo=UTC))) == []


def test_a_monitor_that_only_reads_writes_nothing(monitor, tmp_path):
    """Looking at a ledger leaves no trace."""
    monitor.get_usage_summary()
    list(monitor.log())
    monitor.close()

    assert list(tmp_path.iterdir()) == []


def test_the_usage_view_is_written_and_never_goes_back(monitor, tmp_path):
    """Other programs read quota_usage.json; an older writer must not overwrite a newer one."""
    view = tmp_path / "quota_usage.json"
    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)
    first = json.loads(view.read_text())
    assert first["projects"][PROJECT]["default"]["used"] == 1

    newer = first | {"position": {f"{PROJECT}.jsonl": 10**9}}
    view.write_text(json.dumps(newer))
    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)
    monitor.close()

    assert json.loads(view.read_text()) == newer


@pytest.mark.parametrize("old", ['{"date": "2026-05-01", "used": 7000}', "[1, 2]", "{torn"])
def test_a_view_of_an_older_system_is_kept_as_old(monitor, tmp_path, old):
    """Its numbers are somebody's history; ours take the name."""
    (tmp_path / "quota_usage.json").write_text(old)

    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)

    assert (tmp_path / "quota_usage.json.old").read_text() == old
    assert json.loads((tmp_path / "quota_usage.json").read_text())["v"] == 1


def test_the_audit_trail_numbers_its_rows(monitor):
    """Who, when, what and why, for every change by hand."""
    monitor.audit("reset", who="anna", why="console says there is room", credential_set=1, project=PROJECT)
    monitor.audit("rotate", who="anna", why="", from_=1, to=10)

    rows = monitor.audit_rows()
    assert [(row["row"], row["action"], row["who"]) for row in rows] == [
        (1, "reset", "anna"),
        (2, "rotate", "anna"),
    ]


def test_any_client_can_be_metered_by_hand(monitor):
    """The context manager charges on entry and settles on exit."""
    with tag("by-hand"), monitor.call("search.list", project=PROJECT):
        pass

    (row,) = monitor.log()
    assert (row["method"], row["units"], row["tag"], row["outcome"]) == ("search.list", 1, "by-hand", "ok")


def test_a_call_reads_the_answer_inside_an_http_error(monitor):
    """`response.raise_for_status()` inside the block is enough for the pool to be marked."""
    request = httpx.Request("GET", "http://127.0.0.1/youtube/v3/search")
    response = httpx.Response(429, content=daily(), request=request)
    with pytest.raises(httpx.HTTPStatusError), monitor.call("search.list", project=PROJECT):
        response.raise_for_status()

    assert balance(monitor, "search_list").used == 0
    assert balance(monitor, "search_list").exhausted_until == clocks.bounds_of(DAY).end


def test_a_call_that_raises_without_an_answer_stays_charged(monitor):
    """Nobody knows whether it went out; so it did."""
    with pytest.raises(ZeroDivisionError), monitor.call("search.list", project=PROJECT):
        _ = 1 / 0

    assert balance(monitor, "search_list").used == 1


def test_a_call_can_be_awaited(monitor):
    """The same block under asyncio."""

    async def work():
        async with monitor.call("videos.list", project=PROJECT) as call:
            call.answered(200)

    asyncio.run(work())

    assert balance(monitor).used == 1


def test_a_call_of_an_unknown_project_asks_for_it(monitor):
    """Quota belongs to a project; without one nothing can be counted."""
    with pytest.raises(SettingsError, match="YTQUOTA_PROJECT_3"):
        monitor.call("videos.list", credential_set=3)


def test_a_refusal_reaches_the_caller_even_where_the_mark_cannot_be_written(monitor, journal, monkeypatch):
    """A full disk does not hide what the server said, and the settlement is written with the next call."""
    flight = monitor.begin([SEARCH])

    def refuse(*_args, **_more):
        raise LedgerUnavailable("no space")

    with monkeypatch.context() as full_disk:
        for name in ("exhaust", "limit", "settle"):
            full_disk.setattr(journal, name, refuse)
        (verdict,) = flight.answered([(429, daily())], latency=0.1)
    assert verdict.kind == "exhausted"

    monitor.begin([VIDEOS]).answered([(200, None)], latency=0.1)
    assert [row["outcome"] for row in monitor.log()] == ["refused", "ok"]
