"""Files that several programs share: one lock, one way of replacing, one way of setting aside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import date

import pytest

from ytquota.monitor.audit import Audit
from ytquota.monitor.files import locked, replace_file, set_aside
from ytquota.monitor.official import OfficialDays, Use

HOLD = (
    "import sys; from pathlib import Path; from ytquota.monitor.files import locked\n"
    "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def names(folder):
    return {path.name for path in folder.iterdir()}


def mode_of(path):
    return path.stat().st_mode & 0o777


@pytest.fixture
def held(tmp_path):
    """A file whose lock another process holds until the test lets go of it."""
    path = tmp_path / "new" / "file.json"
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        yield path, holder.stdin.close
        holder.stdin.close()


def test_without_patience_a_lock_is_tried_once(held):
    """Whoever has better things to do than to wait is told, and gets the lock when it is free."""
    path, let_go = held
    with locked(path, patience=0) as mine:
        assert not mine

    let_go()

    with locked(path, patience=60) as mine:
        assert mine
    assert names(path.parent) == {"file.json.lock"}


def test_patience_ends(held):
    """After so many seconds, and not at once."""
    begun = time.monotonic()
    with locked(held[0], patience=0.1) as mine:
        assert not mine
    assert time.monotonic() - begun >= 0.1


def test_threads_of_one_process_exclude_each_other_too(tmp_path):
    """And two names of one file have one lock."""
    path, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(path)
    with locked(path), locked(link, patience=0) as mine:
        assert not mine


def test_what_killed_writers_left_goes_when_the_lock_is_taken(tmp_path):
    """Their drafts, and nobody else's: a name may hold what a pattern would take for its own."""
    left, others = tmp_path / ".a[1].json.77-0a1b2c3d.tmp", tmp_path / ".a1.json.77-0a1b2c3d.tmp"
    for path in (left, others):
        path.write_bytes(b"half")

    with locked(tmp_path / "a[1].json"):
        assert names(tmp_path) == {others.name, "a[1].json.lock"}


def test_a_replaced_file_keeps_its_mode_and_its_link(tmp_path):
    """What an operator has set stays; a secret is private whatever was there before."""
    path, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(path)
    before = os.umask(0o027)
    try:
        replace_file(link, b"1")
        assert (path.read_bytes(), mode_of(path)) == (b"1", 0o640)
    finally:
        os.umask(before)
    path.chmod(0o664)

    replace_file(path, b"2")
    assert (path.read_bytes(), mode_of(path)) == (b"2", 0o664)
    replace_file(path, b"3", mode=0o600, durable=True)
    assert (path.read_bytes(), mode_of(path)) == (b"3", 0o600)
    assert link.is_symlink()
    assert names(tmp_path) == {"file", "link"}


def test_a_file_that_cannot_be_replaced_is_untouched(tmp_path):
    """And nothing is left beside it."""
    folder = tmp_path / "file"
    (folder / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="file"):
        replace_file(folder, b"1")

    assert names(tmp_path) == {"file"}


def test_nothing_that_was_set_aside_is_lost(tmp_path):
    """The second one gets a name of its own."""
    path = tmp_path / "view.json"
    for content in ("one", "two"):
        path.write_text(content)
        set_aside(path)

    assert (tmp_path / "view.json.old").read_text() == "one"
    assert (tmp_path / "view.json.old2").read_text() == "two"
    assert not path.exists()


def test_two_threads_can_replace_one_file(tmp_path):
    """Each writes a draft of its own; what is there in the end is whole."""
    day, failed = date(2026, 11, 20), []

    def write(units):
        official = OfficialDays(tmp_path)
        try:
            for turn in range(400):
                use = Use(1795000000.0, 300, "default", "videos.list", 2 * turn + units)
                official.write(day, "111", [use], price=lambda _: 1)
        except Exception as error:  # noqa: BLE001 - the test must see what it was
            failed.append(error)

    threads = [threading.Thread(target=write, args=(units,)) for units in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    assert len(list(OfficialDays(tmp_path).rows(day, "111"))) == 1
    assert names(tmp_path / str(day)) == {"111.jsonl"}


def test_an_audit_row_after_half_a_row_can_be_read(tmp_path):
    """A writer was killed: its row is lost, but the next one stands on a line of its own."""
    audit = Audit(tmp_path / "audit.jsonl")
    audit.write("reset", at=0.0, who="me", why="")
    with audit.path.open("ab") as file:
        file.write(b'{"v":1,"row":2,"at":"2026')

    written = [audit.write(action, at=1.0, who="me", why="")["row"] for action in ("rotate", "undo")]

    assert written == [3, 4]
    assert [(row["row"], row["action"]) for row in audit.rows()] == [(1, "reset"), (3, "rotate"), (4, "undo")]
