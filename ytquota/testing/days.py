"""Midnight Pacific: every unit belongs to the day on which it was held."""

# ruff: noqa: PLR2004 - the figures of a test are its own
from __future__ import annotations

from datetime import date, timedelta

from ytquota import clock as clocks
from ytquota.errors import QuotaExceeded
from ytquota.testing.case import NOON, PROJECT, LedgerCase, a_record, one, pool, raising, take


class DayConformance(LedgerCase):
    """What a new day changes, and what it does not."""

    def test_a_new_day_starts_from_nothing(self) -> None:
        """Use and marks end with the day; the old day's balance stays readable."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 100)
        ledger.exhaust(PROJECT, "search_list", clocks.bounds_at(self.clock.time()).end)
        self._to_next_day()
        assert pool(ledger).used == 0
        take(ledger, 99)
        take(ledger, 1, "search_list")
        assert pool(ledger).used == 99
        assert pool(ledger, day=clocks.quota_day(NOON)).used == 100

    def test_a_hold_that_straddles_midnight_ends_on_its_own_day(self) -> None:
        """The server charged the old day; so do we, for settlements, releases and extensions alike."""
        ledger = self.make_ledger()
        settled, released, extended = take(ledger, 50), take(ledger, 30), take(ledger, 20)
        yesterday = settled.day
        self._to_next_day()
        take(ledger, 7)
        assert ledger.settle(settled, [a_record(0, released=50, outcome="refused")])
        assert ledger.release(released)
        ledger.extend(extended, one(20))
        assert (pool(ledger).used, pool(ledger).refused) == (7, 0)
        before = pool(ledger, day=yesterday)
        assert (before.used, before.refused) == (40, 50)
        assert not ledger.release(settled)

    def test_a_mark_or_correction_for_yesterday_leaves_today_alone(self) -> None:
        """A late answer of the old day says nothing of the new one."""
        ledger = self.make_ledger()
        hold = take(ledger, 50)
        self._to_next_day()
        ledger.exhaust(PROJECT, "default", clocks.bounds_of(hold.day).end, day=hold.day)
        ledger.adjust(PROJECT, "default", 500, reason="r", who="w", day=hold.day)
        take(ledger, 1)
        assert (pool(ledger).used, pool(ledger).exhausted_until) == (1, None)
        assert pool(ledger, day=hold.day).used == 550

    def test_denied_demand_is_counted_on_the_day_it_was_denied(self) -> None:
        """A bot that sleeps until the reset has not wanted on the new day what waited to be written."""
        ledger = self.make_ledger(limits={"default": 10})
        yesterday = take(ledger, 10).day
        for _ in range(50):
            ledger.refuse(PROJECT, a_record(0, released=1, outcome="denied"))
        self._to_next_day()
        take(ledger, 1)
        ledger.flush()
        assert (pool(ledger, day=yesterday).refused, pool(ledger).refused) == (50, 0)

    def test_a_project_of_yesterday_is_known_today(self) -> None:
        """It has used nothing yet, and is on the list."""
        ledger = self.make_ledger()
        take(ledger, 50)
        self._to_next_day()
        assert {name: pools["default"].used for name, pools in ledger.usage().items()} == {PROJECT: 0}

    def test_a_slip_of_the_clock_does_not_reopen_yesterday(self) -> None:
        """Time servers correct by seconds; yesterday's remainder must not be spent again."""
        ledger = self.make_ledger()
        take(ledger, 10)
        self._to_next_day()
        hold = take(ledger, 1)
        self.clock.set(clocks.bounds_of(hold.day).start - 5)
        assert take(ledger, 1).day == hold.day
        assert pool(ledger).used == 2

    def test_a_day_has_23_hours_in_spring_and_25_in_autumn(self) -> None:
        """The pool is full again at midnight Pacific, neither an hour earlier nor later."""
        for day, hours in (("2026-03-08", 23), ("2026-11-01", 25)):
            bounds = clocks.bounds_of(date.fromisoformat(day))
            self.clock.set(bounds.start)
            ledger = self.make_ledger(limits={"default": 10})
            take(ledger, 10)
            self.clock.advance(hours * 3600 - 1)
            with raising(QuotaExceeded):
                take(ledger, 1)
            self.clock.advance(1)
            assert take(ledger, 1).day == bounds.day + timedelta(days=1)

    def _to_next_day(self) -> None:
        self.clock.set(clocks.bounds_at(self.clock.time()).end + 60)
