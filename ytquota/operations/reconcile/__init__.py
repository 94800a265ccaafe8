"""Beside Google's own counters: what they say of past days, how today's count compares, and putting it right.

Google's counters are some minutes late, so no call waits for them; the ledger stays the authority, and
changes only by a correction that an operator wants.
"""

from __future__ import annotations

from ytquota.operations.reconcile.comparing import DAYS, Compared, compare_project, projects_of
from ytquota.operations.reconcile.correcting import Corrected, apply, to_correct

__all__ = ["DAYS", "Compared", "Corrected", "apply", "compare_project", "projects_of", "to_correct"]
