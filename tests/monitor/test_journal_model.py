"""All operations in any order, crashes and reopenings included, against a model of twenty lines."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from ytquota import clock as clocks
from ytquota.errors import QuotaExceeded
from ytquota.monitor import CallRecord, Journal, repair

PROJECT = "1"
LIMITS = {"default": 1_000, "search_list": 20}
START = clocks.bounds_of(date(2026, 3, 7)).start  # the next day has 23 hours
units = st.integers(0, 400)
items_of = st.lists(st.tuples(st.sampled_from(sorted(LIMITS)), units), min_size=1, max_size=3).map(tuple)


class Model:
    """What the ledger promises, in plain dictionaries."""

    def __init__(self):
        self.used, self.marks, self.limits = {}, {}, dict(LIMITS)

    def pool(self, day, bucket):
        return self.used.get((day, bucket), 0)

    def fits(self, day, now, items, keep):
        wanted = {}
        for bucket, n in items:
            wanted[bucket] = wanted.get(bucket, 0) + n
            if now < self.marks.get((day, bucket), 0):
                return False
            if self.pool(day, bucket) + wanted[bucket] > self.limits[bucket] - keep:
                return False
        return True

    def add(self, day, items, sign=1):
        for bucket, n in items:
            self.used[day, bucket] = max(0, self.pool(day, bucket) + sign * n)


class JournalMachine(RuleBasedStateMachine):
    holds = Bundle("holds")
    settled = Bundle("settled")

    @initialize()
    def begin(self):
        self.kept = tempfile.TemporaryDirectory(prefix="ytquota-model-")
        self.folder = Path(self.kept.name)
        self.clock = clocks.ManualClock(START + 80_000)
        self.model = Model()
        self.reopen()

    def reopen(self):
        self.journal = Journal(
            self.folder / "calls", clock=self.clock, limits=lambda _, bucket: LIMITS.get(bucket)
        )

    @property
    def day(self):
        return clocks.quota_day(self.clock.time())

    @rule(target=holds, items=items_of, keep=st.sampled_from([0, 0, 10]))
    def hold(self, items, keep):
        fits = self.model.fits(self.day, self.clock.time(), items, keep)
        try:
            hold = self.journal.hold(PROJECT, items, keep=dict.fromkeys(LIMITS, keep))
        except QuotaExceeded:
            assert not fits
            return None
        assert fits
        self.model.add(self.day, items)
        return hold

    @rule(hold=holds, items=items_of)
    def extend(self, hold, items):
        if hold is None or not hold.is_open or hold.day != self.day:
            return
        fits = self.model.fits(hold.day, self.clock.time(), items, 0)
        try:
            self.journal.extend(hold, items)
        except QuotaExceeded:
            assert not fits
            return
        assert fits
        self.model.add(hold.day, items)

    @rule(
        target=settled,
        hold=consumes(holds),
        outcome=st.sampled_from(["ok", "error", "lost", "refused", "free"]),
    )
    def settle(self, hold, outcome):
        if hold is None:
            return None
        gives_back = outcome in {"refused", "free"}
        records = [
            CallRecord("m", b, n, 0 if gives_back else n, n if gives_back else 0, outcome=outcome)
            for b, n in hold.items
        ]
        assert self.journal.settle(hold, records)
        if gives_back:
            self.model.add(hold.day, hold.items, -1)
        return hold

    @rule(target=settled, hold=consumes(holds))
    def release(self, hold):
        if hold is None:
            return None
        assert self.journal.release(hold)
        self.model.add(hold.day, hold.items, -1)
        return hold

    @rule(hold=settled, by_hand=st.booleans(), forgetful=st.booleans())
    def settle_again(self, hold, by_hand, forgetful):
        if hold is None:
            return
        hold.is_open = hold.is_open or forgetful  # as a copy in another process would be
        again = self.journal.release(hold) if by_hand else self.journal.settle(hold, [])
        assert not again

    @rule(bucket=st.sampled_from(sorted(LIMITS)), seconds=st.sampled_from([None, 60.0, 7200.0]))
    def exhaust(self, bucket, seconds):
        until = None if seconds is None else self.clock.time() + seconds
        self.journal.exhaust(PROJECT, bucket, until)
        self.model.marks[self.day, bucket] = until or 0

    @rule(bucket=st.sampled_from(sorted(LIMITS)), value=st.one_of(st.none(), st.integers(0, 1_500)))
    def server_says(self, bucket, value):
        self.journal.limit(PROJECT, bucket, value, source="server")
        self.model.limits[bucket] = LIMITS[bucket] if value is None else min(value, LIMITS[bucket])

    @rule(bucket=st.sampled_from(sorted(LIMITS)), n=st.integers(-500, 500))
    def adjust(self, bucket, n):
        self.journal.adjust(PROJECT, bucket, n, reason="r", who="w")
        self.model.add(self.day, [(bucket, n)])

    @rule(seconds=st.sampled_from([1.0, 600.0, 7200.0, 90_000.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(torn=st.booleans())
    def crash(self, torn):
        for path in (self.folder / "calls").rglob("*.jsonl") if torn else ():
            with path.open("ab") as file:
                file.write(b'{"v":1,"kind":"hold","id":"x","at":"2026')
        for page in self.journal._pages.values():
            page.close()  # a killed program says goodbye to nothing, but its files are closed for it
        self.reopen()

    @invariant()
    def balances_agree(self):
        pools = self.journal.usage(PROJECT)[PROJECT]
        for bucket in LIMITS:
            assert pools[bucket].used == self.model.pool(self.day, bucket)
            assert pools[bucket].limit == self.model.limits[bucket]

    def teardown(self):
        with self.kept:
            self.journal.close()
            for path in (self.folder / "calls").rglob("*.jsonl"):
                found = repair.examine(path)
                assert not found.unreadable
                assert found.is_sound


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestJournal = pytest.mark.slow(TestJournal)
