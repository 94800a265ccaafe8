"""A bot that goes on calling, with num_retries=5, for the proof that an empty pool is left alone.

Run as a program: `stubborn_bot.py <folder>`. Each line on its input, `<iso time> <method> <times>`, is one
round; each line of its output says how the round's calls ended.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from google.oauth2.credentials import Credentials

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.service import ServerQuotaExceeded, monitored


def main(folder):
    plan = json.loads((folder / "plan.json").read_text())
    clock = ManualClock(datetime.fromisoformat(plan["at"]))
    journal = Journal(
        folder / "calls", clock=clock, limits=lambda _project, bucket: plan["limits"].get(bucket)
    )
    monitor = QuotaMonitor(journal, folder=folder, clock=clock)
    names = ("token", "refresh_token", "token_uri", "client_id", "client_secret")
    credentials = Credentials(**{name: plan["token"][name] for name in names})
    with monitored(credentials, monitor=monitor, endpoint=plan["url"]) as service:
        for line in sys.stdin:
            at, method, times = line.split()
            clock.set(datetime.fromisoformat(at))
            print(json.dumps(play(service, method, int(times))), flush=True)  # noqa: T201
    monitor.close()


def play(service, method, times):
    ends = {"ok": 0, "refused": 0, "denied": 0}
    for number in range(times):
        if method == "search.list":
            request = service.search().list(part="id", q=f"q{number}")
        else:
            request = service.videos().list(part="id", id=f"v{number}")
        try:
            request.execute(num_retries=5)
        except ServerQuotaExceeded:
            ends["refused"] += 1
        except QuotaExceeded:
            ends["denied"] += 1
        else:
            ends["ok"] += 1
    return ends


if __name__ == "__main__":
    main(Path(sys.argv[1]))
