"""The journal keeps every promise of a ledger."""

from __future__ import annotations

import pytest

from ytquota.testing import JournalOpener, LedgerConformance


class TestJournal(LedgerConformance):
    """In a folder of its own."""

    race = 10_000

    @pytest.fixture(autouse=True)
    def _a_folder_of_its_own(self, tmp_path):
        self.folder = tmp_path / "calls"

    def opener(self):
        return JournalOpener(self.folder)
