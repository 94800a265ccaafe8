"""Google's own figures of a project: what it used, minute by minute, and what its limits are.

They are minutes late and so gate no call; they tell how far our own count is off. Reading them costs no
YouTube quota and is not metered. Nothing of Google's is imported before the first question.
"""

from __future__ import annotations

from ytquota.cloud.client import LAG, Cloud, connect
from ytquota.cloud.problems import CloudError
from ytquota.cloud.quotas import FORM, UNLIMITED, Preference, QuotaLimit
from ytquota.cloud.readings import Reading

__all__ = [
    "FORM",
    "LAG",
    "UNLIMITED",
    "Cloud",
    "CloudError",
    "Preference",
    "QuotaLimit",
    "Reading",
    "connect",
]
