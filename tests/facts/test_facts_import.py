"""The facts cost a bot next to nothing to import."""

from __future__ import annotations

import subprocess
import sys

FACTS = ("ytquota", "ytquota.clock", "ytquota.prices", "ytquota.errors", "ytquota.settings")
HEAVY = "pandas matplotlib ipywidgets pyarrow googleapiclient google httplib2 dotenv pytz orjson redis csv difflib".split()


def test_the_facts_load_only_the_standard_library():
    """Neither the google client nor pandas, and the dotenv, csv and zone readers only where they are needed."""
    code = f"import sys, {', '.join(FACTS)}; print([name for name in {HEAVY!r} if name in sys.modules])"

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
