"""How a request ends: once, whoever says so, and giving back what it did not cost."""

# ruff: noqa: PLR2004 - the figures of a test are its own
from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from ytquota.errors import QuotaExceeded
from ytquota.monitor.ledger import Hold
from ytquota.testing.case import PROJECT, LedgerCase, a_record, one, pool, raising, take

if TYPE_CHECKING:
    from ytquota.monitor.ledger import Ledger


class SettlementConformance(LedgerCase):
    """`settle`, `release`, `extend`, `refuse`."""

    def test_a_settled_call_stays_charged(self) -> None:
        """The answer came: the units are spent."""
        ledger = self.make_ledger()
        assert ledger.settle(take(ledger, 50), [a_record(50)])
        assert pool(ledger).used == 50

    def test_a_settlement_gives_back_what_its_record_releases(self) -> None:
        """A call refused for quota cost nothing, and is counted as refused demand."""
        ledger = self.make_ledger()
        ledger.settle(take(ledger, 50), [a_record(0, released=50, outcome="refused")])
        assert (pool(ledger).used, pool(ledger).refused) == (0, 50)
        ledger.settle(take(ledger, 50), [a_record(0, released=50, outcome="not_sent")])
        assert (pool(ledger).used, pool(ledger).refused) == (0, 50)

    def test_the_parts_of_a_batch_settle_together(self) -> None:
        """One hold, several records: each gives back its own."""
        ledger = self.make_ledger()
        hold = ledger.hold(PROJECT, (("default", 51), ("search_list", 1)))
        parts = [
            a_record(50),
            a_record(0, released=1, outcome="refused"),
            a_record(0, "search_list", released=1, outcome="free"),
        ]
        assert ledger.settle(hold, parts)
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (50, 0)
        assert not ledger.settle(hold, parts)

    def test_a_released_hold_costs_nothing(self) -> None:
        """The request never left."""
        ledger = self.make_ledger()
        hold = ledger.hold(PROJECT, (("default", 50), ("search_list", 1)))
        assert ledger.release(hold)
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (0, 0)

    def test_a_hold_ends_once_by_the_same_object(self) -> None:
        """Settled twice, released after it was settled, settled after it was released: nothing changes."""
        ledger = self.make_ledger()
        settled, released = take(ledger, 50), take(ledger, 50)
        ledger.settle(settled, [a_record(50)])
        ledger.release(released)
        for hold in (settled, released):
            self._assert_ended(ledger, hold)
        assert pool(ledger).used == 50

    def test_a_hold_ends_once_by_a_copy(self) -> None:
        """Another process has its own copy of a hold: whichever comes second is told so."""
        ledger, other = self.make_ledger(), self.make_ledger()
        for first, second in ((ledger, other), (other, ledger), (ledger, ledger)):
            hold = take(ledger, 50)
            copy = pickle.loads(pickle.dumps(hold))  # noqa: S301 - our own bytes
            assert first.settle(copy, [a_record(0, released=50, outcome="free")])
            self._assert_ended(second, hold)
        assert pool(ledger).used == 0

    def test_a_hold_outlives_the_program_that_took_it(self) -> None:
        """After a restart it can be settled, once."""
        ledger = self.make_ledger()
        packed = pickle.dumps(take(ledger, 50))
        ledger.close()
        later = self.make_ledger()
        hold = pickle.loads(packed)  # noqa: S301 - our own bytes
        assert later.release(hold)
        last = self.make_ledger()
        self._assert_ended(last, pickle.loads(packed))  # noqa: S301 - our own bytes
        assert pool(last).used == 0

    def test_settling_without_a_record_ends_the_hold_too(self) -> None:
        """Nothing is given back, and nothing can be given back later."""
        ledger = self.make_ledger()
        hold = take(ledger, 50)
        copy = pickle.loads(pickle.dumps(hold))  # noqa: S301 - our own bytes
        assert ledger.settle(hold, [])
        self._assert_ended(self.make_ledger(), copy)
        assert pool(ledger).used == 50

    def test_a_hold_that_nobody_took_ends_nothing(self) -> None:
        """A made-up id, well formed or not, gives no units back."""
        ledger = self.make_ledger()
        real = take(ledger, 50)
        for id_ in (real.id[:-4] + "0000", "nonsense", ""):
            made_up = Hold(id_, PROJECT, real.day, one(50), real.at)
            made_up.is_shared = True
            assert not ledger.release(made_up)
        assert pool(ledger).used == 50

    def test_an_extension_is_charged_and_given_back_with_the_rest(self) -> None:
        """A second send of the same request costs again, and belongs to the same hold."""
        ledger = self.make_ledger()
        hold = ledger.extend(take(ledger, 50), (("default", 50), ("search_list", 1)))
        assert hold.items == (("default", 50), ("default", 50), ("search_list", 1))
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (100, 1)
        ledger.release(hold)
        assert (pool(ledger).used, pool(ledger, "search_list").used) == (0, 0)

    def test_an_extension_must_fit(self) -> None:
        """Limit and reserve hold for it as for a first send; denied, the hold stands as it was."""
        ledger = self.make_ledger(limits={"default": 100})
        hold = take(ledger, 50)
        with raising(QuotaExceeded):
            ledger.extend(hold, one(51))
        with raising(QuotaExceeded):
            ledger.extend(hold, one(50), keep={"default": 1})
        assert pool(ledger).used == 50
        assert ledger.release(hold)
        assert pool(ledger).used == 0

    def test_an_extension_makes_sense_or_is_an_error(self) -> None:
        """No negative units, no empty items, and nothing on a hold that has ended."""
        ledger = self.make_ledger()
        hold = take(ledger, 50)
        copy = pickle.loads(pickle.dumps(hold))  # noqa: S301 - our own bytes
        for items in (one(-1), ()):
            with raising(ValueError):
                ledger.extend(hold, items)
        ledger.settle(hold, [a_record(50)])
        for ended in (hold, copy):
            with raising(ValueError):
                ledger.extend(ended, one(1))
        assert pool(ledger).used == 50

    def test_denied_demand_is_summed(self) -> None:
        """What was wanted and not given is counted in full, and takes no units."""
        ledger = self.make_ledger(limits={"default": 0})
        for _ in range(500):
            ledger.refuse(PROJECT, a_record(0, released=3, outcome="denied"))
        assert pool(ledger).refused == 1500
        self.clock.advance(2)
        ledger.refuse(PROJECT, a_record(0, released=1, outcome="denied"))
        ledger.flush()
        assert (pool(ledger).used, pool(ledger).refused) == (0, 1501)
        assert pool(self.make_ledger()).refused == 1501

    def _assert_ended(self, ledger: Ledger, hold: Hold) -> None:
        before = ledger.usage(PROJECT)
        assert not ledger.settle(hold, [a_record(0, released=50, outcome="refused")])
        assert not ledger.release(hold)
        assert ledger.usage(PROJECT) == before
