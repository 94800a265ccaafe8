"""A bot whose work must get done, whatever happens: one of the processes of the chaos day.

Run as a program: `chaos_bot.py <folder> <file with the clock's offset>`. It reads rounds of work from its
standard input, one JSON list of jobs a line, and answers each with what became of them.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from ytquota import QuotaExceeded, get_authenticated_service
from ytquota.auth.session import wire
from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

PATIENCE = 40.0
CHUNK = 256 * 1024


class SharedClock:
    """The real time, moved by what a file says; so that the test can change every clock at once."""

    def __init__(self, path):
        self._path = path

    def time(self):
        return time.time() + float(self._path.read_text())


class LostError(Exception):
    """A write whose answer was lost: it may have happened, so it is not repeated."""


class Bot:
    def __init__(self, service):
        self.service = service

    def video(self, name):
        run(self.service.videos().list(part="id", id=name))

    def once(self, name):
        """One look, and no second one: for a network that swallows requests."""
        try:
            self.service.videos().list(part="id", id=name).execute()
        except OSError:
            return

    def channel(self, name):
        run(self.service.channels().list(part="id", id=name))

    def search(self, name):
        run(self.service.search().list(part="id", q=name))

    def pages(self, name):
        request = self.service.playlistItems().list(part="id", playlistId=f"PL{name}", maxResults=5)
        following = self.service.playlistItems().list_next(request, run(request))
        run(following)

    def comment(self, name):
        body = {"snippet": {"videoId": "v", "topLevelComment": {"snippet": {"textOriginal": name}}}}
        try:
            self.service.commentThreads().insert(part="snippet", body=body).execute()
        except OSError as error:
            if isinstance(error, ConnectionRefusedError):
                raise  # it never left
            raise LostError from error

    def upload(self, name):
        media = MediaIoBaseUpload(io.BytesIO(bytes(2 * CHUNK)), "video/mp4", chunksize=CHUNK, resumable=True)
        body = {"snippet": {"title": name}, "status": {"privacyStatus": "private"}}
        request = quick(self.service.videos().insert(part="snippet,status", body=body, media_body=media))
        answer = None
        while answer is None:
            _, answer = request.next_chunk(num_retries=3)

    def batch(self, name):
        left = {f"{name}{number}" for number in range(3)}

        def done(request_id, _response, error):
            if error is None:
                left.discard(request_id)

        while left:
            batch = self.service.new_batch_http_request(callback=done)
            for one in sorted(left):
                batch.add(self.service.videos().list(part="id", id=one), request_id=one)
            batch.execute()


def run(request):
    return quick(request).execute(num_retries=2)


def quick(request):
    request._sleep = lambda _seconds: None
    return request


def finish(bot, kind, name):
    """Do one job until it is done; what may have happened is not repeated."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            getattr(bot, kind)(name)
        except LostError:
            return "lost"
        except QuotaExceeded as error:
            return f"denied: {error}"
        except (HttpError, OSError) as error:
            if isinstance(error, HttpError) and error.status_code < 500:
                return f"failed: {error}"
            if time.monotonic() > deadline:
                return f"given up: {error!r}"
            time.sleep(0.02)
        else:
            return "done"


def main(folder, offset):
    settings = Settings.load({}, start=Path(folder))
    monitor = wire(settings, QuotaMonitor.open(settings, clock=SharedClock(Path(offset))))
    bot = Bot(get_authenticated_service(settings=settings, monitor=monitor, failover="auto", tag="chaos"))
    for line in sys.stdin:
        outcomes = [(kind, name, finish(bot, kind, name)) for kind, name in json.loads(line)]
        sys.stdout.write(json.dumps(outcomes) + "\n")
        sys.stdout.flush()
    monitor.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
