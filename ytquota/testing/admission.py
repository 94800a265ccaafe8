"""What is let through: up to the limit, all or none, and nothing that makes no sense."""

# ruff: noqa: PLR2004 - the figures of a test are its own
from __future__ import annotations

from ytquota import clock as clocks
from ytquota.errors import QuotaExceeded
from ytquota.testing.case import NOON, PROJECT, LedgerCase, one, pool, raising, take


class AdmissionConformance(LedgerCase):
    """`hold`: one at a time."""

    def test_a_hold_is_charged_before_the_call_goes(self) -> None:
        """A program that dies between hold and settlement has been charged: its call may have gone out."""
        ledger = self.make_ledger()
        hold = take(ledger, 50)
        assert pool(ledger).used == 50
        assert (hold.project, hold.day, hold.items) == (PROJECT, clocks.quota_day(NOON), one(50))
        assert hold.at == self.clock.time()

    def test_the_limit_may_be_reached_but_never_passed(self) -> None:
        """The last unit is for use, the one after it is not there."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 99)
        with raising(QuotaExceeded):
            take(ledger, 2)
        take(ledger, 1)
        with raising(QuotaExceeded):
            take(ledger, 1)
        assert pool(ledger).used == 100
        assert pool(ledger).left == 0

    def test_a_denial_names_pool_asked_left_and_reset(self) -> None:
        """Whoever was denied can tell what to do without asking again."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 60)
        with raising(QuotaExceeded) as denied:
            take(ledger, 41)
        error = denied.error
        assert (error.project, error.bucket, error.asked, error.left) == (PROJECT, "default", 41, 40)
        assert error.retry_at == clocks.next_reset(NOON)
        assert error.reason == "limit"

    def test_what_is_kept_for_others_is_not_given_out(self) -> None:
        """`keep` units must remain after the hold, in the buckets it names and in no other."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 70, keep={"default": 30})
        with raising(QuotaExceeded):
            take(ledger, 1, keep={"default": 30})
        take(ledger, 1, keep={"search_list": 30})
        take(ledger, 29)

    def test_all_buckets_are_charged_or_none(self) -> None:
        """A denied hold leaves no trace in the buckets that had enough."""
        ledger = self.make_ledger(limits={"default": 100, "search_list": 1})
        both = (("default", 10), ("search_list", 1))
        ledger.hold(PROJECT, both)
        with raising(QuotaExceeded) as denied:
            ledger.hold(PROJECT, both)
        assert denied.error.bucket == "search_list"
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (10, 1)
        take(ledger, 90)

    def test_a_bucket_named_twice_counts_twice(self) -> None:
        """Both of its items must fit together."""
        ledger = self.make_ledger(limits={"default": 100})
        with raising(QuotaExceeded) as denied:
            ledger.hold(PROJECT, (("default", 60), ("default", 60)))
        assert (denied.error.asked, denied.error.left) == (120, 100)
        assert pool(ledger).used == 0
        ledger.hold(PROJECT, (("default", 60), ("default", 40)))
        assert pool(ledger).used == 100

    def test_a_call_that_costs_nothing_fits_into_an_empty_pool(self) -> None:
        """Zero units are fine; they are what a free call costs."""
        ledger = self.make_ledger(limits={"default": 0})
        take(ledger, 0)
        with raising(QuotaExceeded):
            take(ledger, 1)

    def test_negative_units_are_an_error_without_a_trace(self) -> None:
        """Nobody earns quota by asking for less than nothing, nor with something else in the same hold."""
        ledger = self.make_ledger()
        for items in (one(-1), (("default", 5), ("search_list", -1))):
            with raising(ValueError):
                ledger.hold(PROJECT, items)
        take(ledger, 1)
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (1, 0)

    def test_asking_for_nothing_is_an_error(self) -> None:
        """A hold without items would be a call without a price."""
        with raising(ValueError):
            self.make_ledger().hold(PROJECT, ())

    def test_an_unknown_bucket_has_no_units(self) -> None:
        """A bucket that nobody has ever set a limit for allows nothing, until somebody does."""
        ledger = self.make_ledger()
        with raising(QuotaExceeded) as denied:
            take(ledger, 1, "bucket_of_next_year")
        assert denied.error.left == 0
        ledger.limit(PROJECT, "bucket_of_next_year", 5, source="server")
        take(ledger, 5, "bucket_of_next_year")
        assert pool(ledger, "bucket_of_next_year").used == 5

    def test_projects_do_not_touch_each_other(self) -> None:
        """A pool is a project's, and so are its limit and its marks."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 100)
        ledger.exhaust(PROJECT, "default", self.clock.time() + 60)
        ledger.hold("key:0123456789ab", one(100))
        assert {name: pools["default"].used for name, pools in ledger.usage().items()} == {
            PROJECT: 100,
            "key:0123456789ab": 100,
        }

    def test_everybody_who_opens_the_ledger_sees_the_same(self) -> None:
        """What one program holds, another finds used; and so does one that comes later."""
        first, second = self.make_ledger(limits={"default": 100}), self.make_ledger(limits={"default": 100})
        take(first, 40)
        take(second, 50)
        take(first, 10)
        for ledger in (first, second, self.make_ledger(limits={"default": 100})):
            assert pool(ledger).used == 100
            with raising(QuotaExceeded):
                take(ledger, 1)
