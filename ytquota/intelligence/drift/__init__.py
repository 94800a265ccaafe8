"""Google's count against ours: how far apart they are, by day, bucket and method, and why.

The counters say how many units were charged, to the minute, some minutes late. Our log says which calls left,
how each ended, and what we charged for it. How the causes are told apart, and how well, is described in
docs/reconcile.md.
"""

from ytquota.intelligence.drift.causes import Cause
from ytquota.intelligence.drift.compare import DAYS, POOLS, Drift, compare, drift_of
from ytquota.intelligence.drift.hosts import KnownHost
from ytquota.intelligence.drift.study import Study, study

__all__ = ["DAYS", "POOLS", "Cause", "Drift", "KnownHost", "Study", "compare", "drift_of", "study"]
