"""The stage of the chaos day: two bots in processes of their own, and one clock for everybody."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ytquota.monitor import QuotaMonitor

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
SETS = {1: ONE, 2: ONE, 3: TWO, 4: THREE}
MIX = ("video", "search", "pages", "comment", "video", "batch", "search", "upload", "comment")
PATIENCE = 90.0
HELD = 6.0
BOT = Path(__file__).with_name("chaos_bot.py")


class MovedClock:
    """The clock that all of them share: the real one, moved by what a file says."""

    def __init__(self, path):
        self.path = path

    def move_to(self, at):
        draft = self.path.with_suffix(".new")
        draft.write_text(repr(at.timestamp() - time.time()))
        draft.replace(self.path)

    def time(self):
        return time.time() + float(self.path.read_text())

    def now(self):
        return datetime.fromtimestamp(self.time(), UTC)


class Worker:
    """One of the bots."""

    def __init__(self, folder, offset):
        self._command = [sys.executable, str(BOT), str(folder), str(offset)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def give(self, jobs):
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()

    def outcomes(self):
        line = self.process.stdout.readline()
        assert line, "a bot ended before its work"
        return [outcome for _, _, outcome in json.loads(line)]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Hole:
    """Stands in for the sandbox on its port: takes requests, keeps their heads, and hangs up."""

    def __init__(self, port):
        self._listener = socket.create_server(("127.0.0.1", port))
        self.heads = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self.heads.append(client.recv(65536).decode("latin-1"))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


class Stage:
    """Sandbox, settings and two bots, and what they have done so far."""

    def __init__(self, sandbox, settings, clock, rng):
        self.sandbox, self.settings, self.clock, self._random = sandbox, settings, clock, rng
        self.monitor = QuotaMonitor.open(settings, clock=clock)
        self.workers = [Worker(settings.root, clock.path) for _ in range(2)]
        self.outcomes, self.swallowed, self.unexplained = Counter(), Counter(), []
        self._count, self._known, self._audited, self._away = 0, set(), 0, set()
        self._owners, self._held_until = {}, 0.0
        self._note_owners()

    def close(self):
        for worker in self.workers:
            worker.end()
        self.monitor.close()
        # the sandbox does not stop well in the middle of an answer that it holds back
        threading.Event().wait(max(0.0, self._held_until - time.monotonic()))

    # -- rounds of work

    def give(self, jobs=None):
        """Give both bots a round of work; `jobs` instead of the usual mix."""
        self._count += 1
        for index, worker in enumerate(self.workers):
            worker.give(jobs or self._mix(index))

    def gather(self):
        """Wait until both have done it, and return the calls of this round."""
        for worker in self.workers:
            self.outcomes.update(worker.outcomes())
        return self._look()

    def round(self, jobs=None):
        self.give(jobs)
        return self.gather()

    def kill_in_mid_call(self):
        """End a bot by kill -9 while the sandbox holds the answer to its call back; begin it anew."""
        before = self._received("channels.list")
        self.sandbox.slow(HELD, "channels.list")
        self._held_until = time.monotonic() + HELD + 0.5
        first, second = self.workers
        first.give([["channel", "killed"]])
        second.give(self._mix(1))
        wait_for(lambda: self._received("channels.list") > before)
        first.kill()
        first.start()
        first.give([["channel", "killed"], *self._mix(0)])
        return self.gather()

    @contextmanager
    def hole(self):
        """Within it every request is taken, and none is answered."""
        self.sandbox.stop()
        hole = Hole(int(self.sandbox.url.rpartition(":")[2]))
        try:
            yield
        finally:
            hole.close()
            self.sandbox.start()
        for head in hole.heads:
            assert head.startswith("GET /youtube/v3/videos?"), head
            token = re.search(r"(?im)^authorization: bearer (\S+)", head)[1]
            self.swallowed[self._owners[token], "default", "videos.list"] += 1

    # -- the books

    def charged(self):
        """Units by (project, bucket, method): what the log charges, and calls that nobody settled."""
        bill = Counter()
        for row in self.monitor.log():
            bill[row["project"], row["bucket"], row["method"]] += row["units"]
        return +bill + self.unsettled()

    def unsettled(self):
        """The same for the holds of killed processes."""
        found = Counter()
        for project, lines in self._journals():
            ended = {line["id"] for line in lines if line["kind"] in {"settle", "release"}}
            for line in lines:
                if line["kind"] == "hold" and line["id"] not in ended:
                    found.update({(project, bucket, line["note"]): units for bucket, units in line["items"]})
        return found

    def balances(self):
        """Units by (project, bucket) as the balances say, over all days."""
        total = Counter()
        for project, lines in self._journals():
            total.update({(project, bucket): one[0] for bucket, one in lines[-1]["bal"].items()})
        return +total

    def billed(self):
        """Units by (project, bucket, method) that the sandbox billed to the bots."""
        bill = Counter()
        for project, pools in self.sandbox.billed(foreign=False).items():
            for bucket, methods in pools.items():
                bill.update({(project, bucket, method): units for method, units in methods.items()})
        return +bill

    # -- inside

    def _mix(self, index):
        kinds = self._random.sample(MIX, len(MIX))
        return [[kind, f"r{self._count}w{index}n{number}"] for number, kind in enumerate(kinds)]

    def _received(self, method):
        return sum(row["method"] == method for row in self.sandbox.access_log())

    def _note_owners(self):
        """Remember whose each access token is; a bot may hold one that its file no longer has."""
        for number, project in SETS.items():
            self._owners[json.loads(self.settings.sets[number].token_file.read_text())["token"]] = project

    def _journals(self):
        for path in sorted(self.settings.memory_dir.glob("calls/*/*.jsonl")):
            yield path.stem, [json.loads(line) for line in path.read_text().splitlines()]

    def _look(self):
        """Take in the calls and moves of a round; note calls that no move on record explains.

        A move holds for a bucket and a process, from its audit row to the row of the way back.
        """
        self._note_owners()
        rows = [row for row in self.monitor.log() if (row["id"], row.get("part")) not in self._known]
        self._known |= {(row["id"], row.get("part")) for row in rows}
        audit = self.monitor.audit_rows()
        moves = [row for row in audit[self._audited :] if row["action"] in {"failover", "return"}]
        self._audited = len(audit)
        events = [(row["at"], 0, row) for row in moves]
        events += [(row["at"], 1, row) for row in rows if row["outcome"] != "denied"]
        for _, is_call, row in sorted(events, key=lambda event: event[:2]):
            if is_call:
                self._check(row)
            elif row["action"] == "failover":
                self._away.add((row["pid"], row["bucket"], row["to"]["set"]))
            else:
                self._away = {one for one in self._away if one[:2] != (row["pid"], row["bucket"])}
        return rows

    def _check(self, row):
        number = int(row["set"])
        if number != 1 and (row["pid"], row["bucket"], number) not in self._away:
            self.unexplained.append((row["at"], row["pid"], row["method"], row["outcome"], number))


def wait_for(is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.02)
