"""This host's own lines of a ledger that is kept elsewhere.

They have the journal's format, so that whoever reads journals reads them too. Each is marked with its
authority, carries the balance that the authority answered, the number of its step, and what this host has
charged so far: what is needed to notice that the authority has lost something, and to bring it back.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from ytquota.clock import Clock

AUTHORITY = "redis"
_MARK = b'"authority":"redis"'


class HostPage(Page):
    """A journal file whose balances are the word of an authority elsewhere.

    Args:
        path: the file.
        project: whose it is.
        day: the quota day.
        clock: the time, injected.
        host: who writes here, as `host_id` names it.

    Attributes:
        seq: number of the last step of this host whose balance is known; 0 before the first.
        own: units that this host had charged by then, less what it gave back, by bucket.
    """

    def __init__(self, path: Path, project: str, day: date, clock: Clock, host: str) -> None:
        super().__init__(path, project, day, clock)
        self.host = host
        self.seq = 0
        self.own: dict[str, int] = {}

    def take(self, answer: Mapping[str, Any]) -> None:
        """Believe an answer of the authority, unless a later one of this host is known."""
        if answer["seq"] > self.seq:
            self.balances = balances_in(answer)
            self.said = lines.decode(answer["lim"])
            self.provisional, self.by_operator = list(answer["provisional"]), list(answer["by_operator"])
            self.seq, self.own = answer["seq"], answer["own"]

    def note(self, answer: Mapping[str, Any], id_: str, *entries: tuple[str, Mapping[str, Any]]) -> None:
        """Write one line per (kind, fields), all of them or none, with the balance as it was answered."""
        self.take(answer)
        mark: dict[str, Any] = {
            "authority": AUTHORITY, "writer": self.host, "seq": answer["seq"], "own": self.own,
        }  # fmt: skip
        if answer["seq"] != self.seq:
            mark["upto"] = self.seq
        at = float(answer["at"])
        self.write(b"".join([self.line(kind, at, id_, {**fields, **mark}) for kind, fields in entries]))

    def known(self) -> dict[str, Any]:
        """What this host knows of the day: its last step, its share, and the balances after it."""
        return {
            "seq": self.seq,
            "own": self.own,
            "bal": {bucket: [*pool[:3], instant(pool[3])] for bucket, pool in self.balances.items()},
            "lim": self.said,
            "provisional": self.provisional,
            "by_operator": self.by_operator,
        }

    def _load(self, raw: bytes) -> None:
        newest = self.seq, self.own, self.balances, self.said, self.provisional, self.by_operator
        super()._load(raw)
        state = lines.decode(raw)
        if state.get("authority") != AUTHORITY:
            self.seq, self.own = self._counted_by_a_journal()
        elif last_step(state, self.host) >= self.seq:
            self.seq, self.own = last_step(state, self.host), state["own"] if self._wrote(state) else {}
        else:
            self.seq, self.own, self.balances, self.said, self.provisional, self.by_operator = newest

    def _counted_by_a_journal(self) -> tuple[int, dict[str, int]]:
        """Our step and share where a journal counted for itself: its units are ours, and news elsewhere."""
        then: dict[str, Any] = {"bal": lines.empty_balances(), "own": {}, "seq": 0}
        for raw in self.lines_from(0):
            if _MARK in raw:
                then = lines.decode(raw)
        if not self._wrote(then):
            then = then | {"own": {}}
        own = {
            bucket: then["own"].get(bucket, 0) + pool[0] - then["bal"].get(bucket, [0])[0]
            for bucket, pool in self.balances.items()
        }
        return last_step(then, self.host) + 1, own

    def _wrote(self, state: Mapping[str, Any]) -> bool:
        """Whether this host wrote a line: those of another come with a copied folder, and are not ours."""
        return bool(state.get("writer") == self.host)

    def _add_to_new_file(self) -> None:
        """Nothing: the count of a deleted file is safe with the authority."""


def last_step(state: Mapping[str, Any] | None, host: str) -> int:
    """The number of the step whose balance a line carries; 0 without a line of this host."""
    if state is None or state.get("writer") != host:
        return 0
    return int(state.get("upto", state.get("seq", 0)))


def balances_in(answer: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The pools of an answer in the journal's shape: [used, refused, limit, exhausted_until]."""
    pools = {name: [*pool[:3], float(pool[3]) if pool[3] else None] for name, pool in answer["bal"].items()}
    return lines.empty_balances() | pools


def instant(at: float | None) -> str | bool:
    """An instant as the server's functions keep it: text, as their numbers have too few digits."""
    return False if at is None else f"{at:.6f}"


def host_id(folder: Path, *, make: bool = True) -> str:
    """The name of whoever writes to this folder, kept in it: a host is known by its lines.

    Empty where there is none yet and none is to be made.

    Raises:
        LedgerUnavailable: the folder cannot be read or written.
    """
    path = folder / "host"
    try:
        if make and not path.exists():
            _name_host(path)
        name = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise unavailable(path, error) from error
    if not name:
        raise LedgerUnavailable(f"The file {path} is empty. Delete it; the next call writes it anew.")
    return name


def _name_host(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".host.{random.getrandbits(48):012x}")
    fresh.write_text(f"{random.getrandbits(48):012x}\n", encoding="ascii")
    try:
        with suppress(FileExistsError):  # the first one's name stands; a rename would let the last one's
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
