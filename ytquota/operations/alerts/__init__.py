"""Alerts: rules over pools and credential sets, told once, through the channels that the operator chose.

`lookout` looks at a ledger, `rules` say what is worth a word, `edges` see to it that nothing is told twice,
`book` remembers, and `delivery` tells. `ytquota.operations.watch` does all of it every minute.
"""

from __future__ import annotations

from ytquota.operations.alerts.book import Book, Entry
from ytquota.operations.alerts.edges import Alert, Edges
from ytquota.operations.alerts.lookout import Lookout
from ytquota.operations.alerts.rules import Condition, Pool, Thresholds, judge

__all__ = ["Alert", "Book", "Condition", "Edges", "Entry", "Lookout", "Pool", "Thresholds", "judge"]
