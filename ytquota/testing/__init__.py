"""For tests of ledgers: one conformance suite that every backend passes, ours and yours.

A backend of your own is a ledger if a class like this passes under pytest::

    class TestMyLedger(LedgerConformance):
        @pytest.fixture(autouse=True)
        def a_place_of_its_own(self, tmp_path):
            self.folder = tmp_path

        def opener(self):
            return MyOpener(self.folder)  # picklable: the suite opens the same ledger in other processes too

pytest itself is not needed to import this package.
"""

from __future__ import annotations

from ytquota.testing.admission import AdmissionConformance
from ytquota.testing.case import NOON, PROJECT, LedgerCase, Opener, a_record, raising
from ytquota.testing.crowd import CrowdConformance, Tally, in_processes, spend
from ytquota.testing.days import DayConformance
from ytquota.testing.openers import FailOpenOpener, JournalOpener, RedisOpener
from ytquota.testing.pools import PoolConformance
from ytquota.testing.settlement import SettlementConformance

__all__ = [
    "NOON",
    "PROJECT",
    "AdmissionConformance",
    "CrowdConformance",
    "DayConformance",
    "FailOpenOpener",
    "JournalOpener",
    "LedgerCase",
    "LedgerConformance",
    "Opener",
    "PoolConformance",
    "RedisOpener",
    "SettlementConformance",
    "Tally",
    "a_record",
    "in_processes",
    "raising",
    "spend",
]


class LedgerConformance(
    AdmissionConformance, SettlementConformance, PoolConformance, DayConformance, CrowdConformance
):
    """Everything a ledger promises. Subclasses say how to open theirs, see `LedgerCase.opener`."""
