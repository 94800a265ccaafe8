"""A bot whose service may move: two or three projects on the sandbox, the real client over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ytquota.clock import ManualClock

ONE, TWO = "111111111111", "222222222222"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class Bot:
    """A service that may move, beside what the sandbox and the ledger say of its calls."""

    def __init__(self, sandbox, settings, monitor, service, clock):
        self.sandbox, self.settings, self.monitor, self.clock = sandbox, settings, monitor, clock
        self.service = service

    def video(self, **options):
        return self.service.videos().list(part="id", id="a").execute(**options)

    def search(self, **options):
        return self.service.search().list(part="id", q="tides").execute(**options)

    def comment(self, **options):
        body = {"snippet": {"videoId": "a", "topLevelComment": {"snippet": {"textOriginal": "hello"}}}}
        return self.service.commentThreads().insert(part="snippet", body=body).execute(**options)

    def sets(self, method=None, outcome="ok"):
        return [
            int(row["set"])
            for row in self.monitor.log()
            if row["outcome"] == outcome and method in {None, row["method"]}
        ]

    def moves(self):
        return [
            (row["action"], row["bucket"], (row["from"] or {}).get("set"), row["to"]["set"])
            for row in self.monitor.audit_rows()
            if row["action"] in {"failover", "return"}
        ]

    def agrees(self):
        """The ledger charges what the sandbox bills, by project, bucket and method."""
        mine = {}
        for row in self.monitor.log():
            if row["units"]:
                pool = mine.setdefault(row["project"], {}).setdefault(row["bucket"], {})
                pool[row["method"]] = pool.get(row["method"], 0) + row["units"]
        bill = {
            project: {bucket: units for bucket, units in pools.items() if units}
            for project, pools in self.sandbox.billed().items()
        }
        return mine == {project: pools for project, pools in bill.items() if pools}


class Ticking(ManualClock):
    """A clock on which no two instants are the same, so that the log of two projects is in order."""

    def time(self):
        self.advance(1e-4)
        return super().time()


@pytest.fixture
def clock(sandbox):
    sandbox.set_clock(NOON, frozen=True)
    return Ticking(NOON)


@pytest.fixture
def make_bot(sandbox, clock, furnish, open_monitor, service_of):
    def make(
        sets=None,
        *,
        rotation="1,2",
        limits=None,
        extra=None,
        keys=None,
        name_projects=True,
        asked=None,
        channels=None,
        failover="auto",
        **options,
    ):
        sets = {1: ONE, 2: TWO} if sets is None else sets
        for project, buckets in (limits or {}).items():
            sandbox.add_project(project, limits=buckets)
        names = {"YTQUOTA_ROTATION": rotation} if rotation else {}
        settings = furnish(
            sets,
            api_keys=keys,
            name_projects=name_projects,
            channels=channels,
            extra=names | (extra or {}),
        )
        monitor = open_monitor(settings, clock=clock)
        service = service_of(settings, monitor, asked, failover=failover, **options)
        return Bot(sandbox, settings, monitor, service, clock)

    return make


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr("googleapiclient.http._retry_request.__defaults__", None, raising=False)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
