"""A bot that makes every kind of call, for the proof that the ledger's bill is the server's.

Run as a program: `mixed_bot.py <folder> <seed> <steps>`; the folder's `plan.json` says where everything is.
"""

from __future__ import annotations

import io
import json
import random
import sys
import threading
from datetime import datetime
from pathlib import Path

from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, MediaInMemoryUpload, MediaIoBaseDownload, build_http

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.service import monitored

NOWHERE = "http://127.0.0.1:9"


class Bot:
    """One thread's worth of calls; `rich` is shared by all threads, the other services are its own."""

    def __init__(self, plan, monitor, rich, seed):
        self.plan, self.rich, self.random, self.name = plan, rich, random.Random(seed), f"{seed}"
        self.count = 0

        def service(project, endpoint=plan["url"], **options):
            return monitored(credentials(plan, project), monitor=monitor, endpoint=endpoint, **options)

        self.thirsty, self.poor, self.stale = service("thirsty"), service("poor"), service("rich")
        self.relayed, self.unreachable = service("rich", plan["relay"]), service("rich", NOWHERE)
        self.hasty = service("rich")
        self.hasty._http.timeout = 2.0
        self.plain = AuthorizedHttp(credentials(plan, "rich"), http=build_http())

    def run(self, steps):
        kinds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        order = [kinds[n % len(kinds)] for n in range(steps)]
        self.random.shuffle(order)
        for step in order:
            self.count += 1
            try:
                step()
            except (QuotaExceeded, HttpError, OSError):
                continue
        for service in (
            self.thirsty,
            self.poor,
            self.stale,
            self.relayed,
            self.unreachable,
            self.hasty,
            self.plain,
        ):
            service.close()

    def do_pages(self):
        request = self.rich.playlistItems().list(part="id", playlistId=self.unique("PL"), maxResults=5)
        for _ in range(self.random.randint(2, 4)):
            answer = run(request)
            request = self.rich.playlistItems().list_next(request, answer)
            if request is None:
                break

    def do_searches(self):
        request = self.rich.search().list(part="id", q=self.unique("q"), maxResults=5)
        run(self.rich.search().list_next(request, run(request)))

    def do_searches_that_the_server_refuses(self):
        run(self.thirsty.search().list(part="id", q=self.unique("q")))

    def do_calls_that_the_ledger_denies(self):
        run(self.poor.playlists().insert(part="snippet", body={"snippet": {"title": self.unique("t")}}))

    def do_calls_refused_by_the_minute(self):
        run(self.thirsty.videos().batchGetStats(id=self.unique("v"), part="id"), retries=1)

    def do_writes(self):
        body = {"snippet": {"title": self.unique("t")}}
        playlist = run(self.rich.playlists().insert(part="snippet", body=body))
        run(self.rich.playlists().delete(id=playlist["id"]))

    def do_batches_of_the_service(self):
        batch = self.rich.new_batch_http_request(callback=ignore)
        self.fill(batch, 6)
        batch.execute()

    def do_batches_by_hand(self):
        batch = BatchHttpRequest(callback=ignore, batch_uri=f"{self.plan['url']}/batch")
        self.fill(batch, 4)
        batch.add(self.thirsty.channels().list(part="id", id=self.unique("UC")))
        batch.execute()

    def do_batches_that_httplib2_sends_twice(self):
        batch = self.relayed.new_batch_http_request(callback=ignore)
        for _ in range(3):
            batch.add(self.relayed.videos().list(part="id", id="a", quotaUser=self.unique("lost")))
        batch.execute()

    def do_downloads(self):
        body = {"snippet": {"videoId": "v", "language": "en", "name": self.unique("n")}}
        media = MediaInMemoryUpload(b"1\n00:00 --> 00:01\nhello\n" * 8, "text/plain")
        caption = run(self.rich.captions().insert(part="snippet", body=body, media_body=media))
        request = self.rich.captions().download_media(id=caption["id"])
        download, done = MediaIoBaseDownload(io.BytesIO(), request, chunksize=100), False
        download._sleep = ignore
        while not done:
            _, done = download.next_chunk(num_retries=2)

    def do_uploads(self):
        media = MediaInMemoryUpload(b"x" * 600_000, "video/mp4", chunksize=262_144, resumable=True)
        run(
            self.rich.videos().insert(part="snippet", body={"snippet": {"title": "t"}}, media_body=media),
            retries=2,
        )

    def do_calls_over_an_http_of_ones_own(self):
        run(self.rich.videos().list(part="id", id=self.unique("v")), http=self.plain)

    def do_retried_errors(self):
        run(self.rich.channels().list(part="id", id=self.unique("UC")), retries=4)

    def do_dropped_connections(self):
        run(
            self.rich.i18nRegions().list(part="snippet", hl=self.random.choice(["de", "fr", "ja"])), retries=4
        )

    def do_reads_that_httplib2_sends_twice(self):
        run(self.relayed.videos().list(part="id", id="a", quotaUser=self.unique("lost")))

    def do_writes_whose_answer_is_lost(self):
        body = {"snippet": {"title": "t"}}
        run(self.relayed.playlists().insert(part="snippet", body=body, quotaUser=self.unique("lost")))

    def do_stale_tokens(self):
        self.stale._http.credentials.token = "ya29.stale"
        run(self.stale.videos().list(part="id", id=self.unique("v")))

    def do_tokens_that_die_in_a_batch(self):
        batch = self.stale.new_batch_http_request(callback=ignore)
        for _ in range(3):
            batch.add(self.stale.videos().getRating(id=self.unique("v")))
        batch.execute()

    def do_calls_that_google_rejects(self):
        run(self.rich.videos().list(part="id"))

    def do_long_gets(self):
        ids = ",".join(f"{self.unique('v')}{n:050d}" for n in range(50))
        run(self.rich.videos().list(part="id,snippet", id=ids))

    def do_calls_that_find_nobody(self):
        run(self.unreachable.videos().list(part="id", id="a"), retries=1)

    def do_calls_without_patience(self):
        run(self.hasty.videoCategories().list(part="snippet", regionCode="DE"))

    def fill(self, batch, count):
        for number in range(count):
            kind = number % 3
            if kind == 0:
                batch.add(self.rich.videos().list(part="id", id=self.unique("v")))
            elif kind == 1:
                batch.add(self.rich.search().list(part="id", q=self.unique("q")))
            else:
                batch.add(self.rich.playlists().insert(part="snippet", body={"snippet": {"title": "t"}}))

    def unique(self, prefix):
        self.count += 1
        return f"{prefix}{self.name}x{self.count}"


def run(request, retries=0, http=None):
    request._sleep = ignore
    return request.execute(http=http, num_retries=retries)


def ignore(*_):
    """No pause, and no interest in answers."""


def credentials(plan, project):
    info = plan["tokens"][project]
    names = ("token", "refresh_token", "token_uri", "client_id", "client_secret")
    return Credentials(**{name: info[name] for name in names})


def main(folder, seed, steps):
    plan = json.loads((folder / "plan.json").read_text())
    clock = ManualClock(datetime.fromisoformat(plan["at"]))
    limits = {(bucket, project): limit for project, bucket, limit in plan["limits"]}
    journal = Journal(
        folder / "calls", clock=clock, limits=lambda project, bucket: limits.get((bucket, project))
    )
    monitor = QuotaMonitor(journal, folder=folder, clock=clock)
    rich = monitored(credentials(plan, "rich"), monitor=monitor, endpoint=plan["url"])
    bots = [Bot(plan, monitor, rich, f"{seed}t{n}") for n in range(2)]
    threads = [threading.Thread(target=bot.run, args=(steps,)) for bot in bots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rich.close()
    monitor.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
