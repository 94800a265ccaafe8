"""The facts cost a bot next to nothing to import."""

from __future__ import annotations

import subprocess
import sys

FACTS = "ytquota, ytquota.clock, ytquota.prices, ytquota.errors, ytquota.settings"
HEAVY = ["pandas", "matplotlib", "ipywidgets", "pyarrow", "googleapiclient", "google", "httplib2", "redis"]
LATER = ["csv", "difflib", "dotenv", "orjson", "pytz"]


def test_the_facts_load_only_what_every_process_needs():
    """Neither the google client nor pandas; readers of files and zones only where they are used."""
    code = f"import sys, {FACTS}; print([name for name in {HEAVY + LATER} if name in sys.modules])"

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
