"""What the numbers mean: may this operation run, where did the quota go.

Importing this costs nothing heavy; pandas is loaded when the first frame is asked for.
"""

from __future__ import annotations

from ytquota.intelligence.admission import Admission
from ytquota.intelligence.answer import Answer
from ytquota.intelligence.usage import QuotaIntelligence

__all__ = ["Admission", "Answer", "QuotaIntelligence"]
