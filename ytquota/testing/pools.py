"""What is known of a pool: marks, limits, corrections, balances."""

# ruff: noqa: PLR2004 - the figures of a test are its own
from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.errors import QuotaExceeded
from ytquota.prices import DEFAULT_LIMITS
from ytquota.testing.case import PROJECT, LedgerCase, a_record, pool, raising, take

if TYPE_CHECKING:
    from ytquota.monitor.ledger import Ledger


class PoolConformance(LedgerCase):
    """`exhaust`, `limit`, `adjust`, `usage`."""

    # -- marks

    def test_a_marked_pool_denies_until_its_instant(self) -> None:
        """The server said so: nothing goes out although the count has room, and then again all of it."""
        ledger = self.make_ledger()
        until = self.clock.time() + 3600
        ledger.exhaust(PROJECT, "default", until, reason="quotaExceeded")
        with raising(QuotaExceeded) as denied:
            take(ledger, 1)
        assert denied.error.reason == "exhausted"
        assert denied.error.left == DEFAULT_LIMITS["default"]
        assert denied.error.retry_at == clocks.utc(until)
        assert pool(ledger).exhausted_until == until
        take(ledger, 1, "search_list")
        self.clock.advance(3600)
        take(ledger, 1)

    def test_a_mark_is_for_everybody_until_it_is_cleared(self) -> None:
        """Other programs, and those that come later, obey it; clearing it works for all of them."""
        ledger, other = self.make_ledger(), self.make_ledger()
        ledger.exhaust(PROJECT, "default", self.clock.time() + 3600)
        for somebody in (other, self.make_ledger()):
            with raising(QuotaExceeded):
                take(somebody, 1)
        other.exhaust(PROJECT, "default", None)
        take(ledger, 1)
        assert pool(ledger).exhausted_until is None

    def test_whose_mark_it_is_stands_in_the_balance(self) -> None:
        """People must see whether Google said so or an operator did; the last one's word stands."""
        ledger, other = self.make_ledger(), self.make_ledger()
        until = self.clock.time() + 3600
        ledger.exhaust(PROJECT, "default", until, source="operator")
        ledger.exhaust(PROJECT, "search_list", until)
        take(other, 1, "video_insert")
        for somebody in (ledger, other, self.make_ledger()):
            assert pool(somebody, "default").marked_by == "operator"
            assert pool(somebody, "search_list").marked_by == "server"
            with raising(QuotaExceeded) as denied:
                take(somebody, 1)
            assert (denied.error.reason, denied.error.left) == ("by_operator", DEFAULT_LIMITS["default"])
        assert ledger.adjust(PROJECT, "default", 5, reason="r", who="w").marked_by == "operator"
        other.exhaust(PROJECT, "default", until)
        assert pool(ledger).marked_by == "server"
        other.exhaust(PROJECT, "search_list", until, source="operator")
        other.exhaust(PROJECT, "search_list", None)
        assert pool(ledger, "search_list").marked_by == "server"

    def test_a_mark_counts_no_units(self) -> None:
        """It is the server's word, not ours: what was used stays what was used."""
        ledger = self.make_ledger()
        take(ledger, 10)
        ledger.exhaust(PROJECT, "default", self.clock.time() + 3600)
        assert pool(ledger).used == 10

    def test_a_provisional_mark_lets_one_call_probe_after_five_minutes(self) -> None:
        """Just after a reset the server may still speak of yesterday: one asks again, the others wait."""
        ledger = self.make_ledger()
        end = clocks.bounds_at(self.clock.time()).end
        ledger.exhaust(PROJECT, "default", end, provisional=True)
        self.clock.advance(299)
        with raising(QuotaExceeded):
            take(ledger, 1)
        self.clock.advance(1)
        probe = take(ledger, 1)
        with raising(QuotaExceeded):
            take(self.make_ledger(), 1)
        ledger.settle(probe, [a_record(1)])
        take(ledger, 1)
        assert pool(ledger).exhausted_until is None

    def test_a_second_provisional_mark_is_a_firm_one(self) -> None:
        """The probe was refused too: the pool is empty until the reset."""
        ledger = self.make_ledger()
        end = clocks.bounds_at(self.clock.time()).end
        ledger.exhaust(PROJECT, "default", end, provisional=True)
        self.clock.advance(300)
        probe = take(ledger, 1)
        ledger.exhaust(PROJECT, "default", end, provisional=True)
        ledger.settle(probe, [a_record(0, released=1, outcome="refused")])
        assert pool(ledger).exhausted_until == end
        self.clock.advance(3600)
        with raising(QuotaExceeded):
            take(ledger, 1)

    def test_a_probe_that_was_denied_for_another_bucket_was_none(self) -> None:
        """The probe is still there for the next call."""
        ledger = self.make_ledger(limits={"search_list": 0})
        ledger.exhaust(PROJECT, "default", self.clock.time() + 3600, provisional=True)
        self.clock.advance(300)
        with raising(QuotaExceeded):
            ledger.hold(PROJECT, (("default", 1), ("search_list", 1)))
        take(ledger, 1)

    # -- limits

    def test_the_limit_is_the_operators_or_the_servers_or_the_default(self) -> None:
        """The operator's word counts, unless the server says less; and each can be taken back."""
        ledger = self.make_ledger()
        assert self._limit(ledger) == (DEFAULT_LIMITS["default"], "default")
        ledger.limit(PROJECT, "default", 50_000, source="server")
        assert self._limit(ledger) == (50_000, "server")
        ledger.limit(PROJECT, "default", 20_000, source="operator")
        assert self._limit(ledger) == (20_000, "operator")
        ledger.limit(PROJECT, "default", 5_000, source="server")
        assert self._limit(ledger) == (5_000, "server")
        ledger.limit(PROJECT, "default", None, source="server")
        assert self._limit(ledger) == (20_000, "operator")
        ledger.limit(PROJECT, "default", None, source="operator")
        assert self._limit(ledger) == (DEFAULT_LIMITS["default"], "default")

    def test_limits_of_the_settings_are_the_operators(self) -> None:
        """They count from the first call on, in the buckets they name."""
        ledger = self.make_ledger(limits={"default": 500})
        assert self._limit(ledger) == (500, "operator")
        take(ledger, 500)
        assert self._limit(ledger) == (500, "operator")
        assert pool(ledger, "search_list").limit == DEFAULT_LIMITS["search_list"]
        assert self._limit(self.make_ledger()) == (500, "operator")

    def test_a_learned_limit_is_for_everybody_at_once(self) -> None:
        """One program met the server's limit; all of them keep it."""
        ledger, other = self.make_ledger(), self.make_ledger()
        take(other, 100)
        ledger.limit(PROJECT, "default", 100, source="server")
        with raising(QuotaExceeded):
            take(other, 1)
        assert (pool(other).left, pool(other).used) == (0, 100)

    def test_learned_limits_are_carried_over_to_the_next_day(self) -> None:
        """Use is a fact of the day, a limit one of the project, and so is who said it."""
        ledger = self.make_ledger(limits={"search_list": 70})
        take(ledger, 60)
        ledger.limit(PROJECT, "default", 100, source="server")
        ledger.limit(PROJECT, "search_list", 30, source="server")
        self.clock.advance(86_400)
        assert self._limit(ledger) == (100, "server")
        take(ledger, 100)
        assert self._limit(ledger) == (100, "server")
        assert self._limit(self.make_ledger(), "search_list") == (30, "server")
        ledger.limit(PROJECT, "search_list", None, source="server")
        assert self._limit(ledger, "search_list") == (70, "operator")

    def test_the_operators_limit_is_gone_when_the_settings_are(self) -> None:
        """A limit that was taken out of the settings is not carried over for ever."""
        take(self.make_ledger(limits={"default": 500}), 1)
        self.clock.advance(86_400)
        ledger = self.make_ledger()
        assert self._limit(ledger) == (DEFAULT_LIMITS["default"], "default")
        take(ledger, 1)
        assert self._limit(ledger) == (DEFAULT_LIMITS["default"], "default")

    # -- corrections and balances

    def test_a_correction_moves_the_count_both_ways(self) -> None:
        """Up takes room, down makes room, and the balance after it is the answer."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 40)
        after = ledger.adjust(PROJECT, "default", 60, reason="another program", who="the operator")
        assert (after.used, after.limit, after.left, after.limit_source) == (100, 100, 0, "operator")
        with raising(QuotaExceeded):
            take(ledger, 1)
        assert ledger.adjust(PROJECT, "default", -30, reason="a mistake", who="the operator").used == 70
        take(self.make_ledger(limits={"default": 100}), 30)

    def test_a_correction_never_goes_below_nothing(self) -> None:
        """Nor may it pass unseen: a count above the limit is possible, and leaves nothing."""
        ledger = self.make_ledger(limits={"default": 100})
        take(ledger, 40)
        assert ledger.adjust(PROJECT, "default", -1000, reason="r", who="w").used == 0
        assert ledger.adjust(PROJECT, "default", 250, reason="r", who="w").left == 0
        assert pool(ledger).used == 250

    def test_an_unknown_project_has_used_nothing(self) -> None:
        """All its buckets are there, at their defaults."""
        pools = self.make_ledger().usage("999999999999")["999999999999"]
        assert {bucket: balance.limit for bucket, balance in pools.items()} == DEFAULT_LIMITS
        assert not any(balance.used or balance.refused for balance in pools.values())

    def test_balances_name_every_project_and_bucket(self) -> None:
        """A bucket nobody used is there too; before the first call there is no project."""
        ledger = self.make_ledger()
        assert ledger.usage() == {}
        take(ledger, 1)
        assert set(ledger.usage()) == {PROJECT}
        assert set(DEFAULT_LIMITS) <= set(ledger.usage()[PROJECT])

    def test_the_ledger_says_where_it_is(self) -> None:
        """People must find it."""
        assert self.make_ledger().location

    def _limit(self, ledger: Ledger, bucket: str = "default") -> tuple[int, str]:
        balance = pool(ledger, bucket)
        return balance.limit, balance.limit_source
