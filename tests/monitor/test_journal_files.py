"""What the journal does when its file is torn, garbled, deleted, locked away or from the future."""

from __future__ import annotations

import errno
import json
import os
import pwd
import resource
import subprocess
import tempfile
import warnings
from datetime import date
from pathlib import Path

import pytest

from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Demand, Journal, page, places, repair
from ytquota.monitor.files import unavailable
from ytquota.monitor.locks import network_file_system

PROJECT = "123456789012"
DAY = date(2026, 11, 10)
ONE = (("default", 1),)


def used(journal, bucket="default"):
    return journal.usage(PROJECT)[PROJECT][bucket].used


def file_of(journal):
    return journal.folder / DAY.isoformat() / f"{PROJECT}.jsonl"


def test_every_line_carries_the_balance_after_it(journal, a_call):
    """A line alone tells what was used, refused, allowed and marked after it."""
    hold = journal.hold(PROJECT, (("default", 50), ("search_list", 1)))
    journal.settle(hold, [a_call(50, method="comments.insert"), a_call(1, bucket="search_list")])

    rows = [json.loads(line) for line in file_of(journal).read_text().splitlines()]

    assert [row["kind"] for row in rows] == ["open", "hold", "settle", "settle"]
    assert rows[-1]["bal"]["default"] == [50, 0, 10_000, None]
    assert rows[-1]["bal"]["search_list"] == [1, 0, 100, None]
    assert {row["v"] for row in rows} == {1}
    assert rows[1]["id"] == rows[2]["id"] == rows[3]["id"]


def test_a_torn_last_line_is_set_aside_and_counting_goes_on(open_journal):
    """Half a line, as a power cut leaves it, costs nothing that was acknowledged."""
    open_journal().hold(PROJECT, (("default", 7),))
    path = file_of(open_journal())
    with path.open("ab") as file:
        file.write(b'{"v":1,"kind":"hold","id":"2026')

    journal = open_journal()
    journal.hold(PROJECT, ONE)

    assert used(journal) == 8
    assert b'"kind":"hold","id":"2026\n' in path.with_suffix(".torn").read_bytes()
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_tail_of_zero_bytes_is_set_aside(open_journal):
    """A file system that lost power may pad a file with zeros."""
    open_journal().hold(PROJECT, (("default", 7),))
    with file_of(open_journal()).open("ab") as file:
        file.write(bytes(9000))

    journal = open_journal()
    journal.hold(PROJECT, ONE)

    assert used(journal) == 8


def test_garbage_in_the_middle_is_passed_over_and_reported(open_journal, monitor):
    """Only the last line decides; the damage is found by whoever reads the whole file."""
    journal = open_journal()
    for _ in range(3):
        journal.hold(PROJECT, ONE)
    path = file_of(journal)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\xff\x00 not a line\n", *lines[3:]]))

    assert used(open_journal()) == 3
    assert repair.examine(path).unreadable == [3]
    assert list(monitor.log()) == []


def test_a_garbled_last_line_denies_names_the_file_and_can_be_mended(open_journal):
    """A count that cannot be read never reads as nothing used, and mending never makes room."""
    journal = open_journal()
    for _ in range(3):
        journal.hold(PROJECT, (("default", 100),))
    with file_of(journal).open("ab") as file:
        file.write(b"garbage\n")

    fresh = open_journal()
    with pytest.raises(LedgerUnavailable, match=rf"{PROJECT}\.jsonl.*doctor --fix"):
        fresh.hold(PROJECT, ONE)
    with pytest.raises(LedgerUnavailable, match="unknown"):
        fresh.usage(PROJECT)

    found = repair.mend(fresh, PROJECT, DAY, who="test")
    fresh.hold(PROJECT, ONE)

    assert found.unreadable == [5]
    assert used(fresh) == 301
    assert b"garbage" in file_of(fresh).read_bytes()


def test_mending_a_sound_journal_changes_nothing(journal):
    """`doctor --fix` may be run at any time."""
    journal.hold(PROJECT, ONE)
    before = file_of(journal).read_bytes()

    assert repair.mend(journal, PROJECT, DAY, who="test").is_sound
    assert file_of(journal).read_bytes() == before


def test_a_newer_format_is_read_but_never_written(open_journal):
    """An old program beside a new one shows the numbers and keeps its hands off."""
    journal = open_journal()
    journal.hold(PROJECT, (("default", 42),))
    path = file_of(journal)
    newer = json.loads(path.read_text().splitlines()[-1]) | {"v": 2, "invented": True}
    with path.open("a") as file:
        file.write(json.dumps(newer) + "\n")
    before = path.read_bytes()

    fresh = open_journal()
    assert used(fresh) == 42
    with pytest.raises(LedgerUnavailable, match="newer ytquota"):
        fresh.hold(PROJECT, ONE)
    assert path.read_bytes() == before


def test_a_file_deleted_under_a_running_bot_comes_back_with_its_count(open_journal, looks_at_once):
    """Deleting the ledger does not make new quota while anybody has it open."""
    one, two = open_journal(), open_journal()
    one.hold(PROJECT, (("default", 10),))
    two.hold(PROJECT, (("default", 20),))
    file_of(one).unlink()

    one.hold(PROJECT, ONE)
    two.hold(PROJECT, ONE)

    assert used(one) == used(two) == used(open_journal()) == 32


def test_a_new_file_started_after_a_deletion_gets_the_old_count_added(open_journal, looks_at_once):
    """A program that started between the deletion and our next call has begun from nothing.

    We add what it missed.
    """
    one, two = open_journal(), open_journal()
    one.hold(PROJECT, (("default", 10),))
    two.hold(PROJECT, (("default", 20),))
    file_of(one).unlink()
    open_journal().hold(PROJECT, (("default", 5),))

    two.hold(PROJECT, ONE)
    one.hold(PROJECT, ONE)

    assert used(one) == used(two) == 37


def test_a_deleted_folder_comes_back_too(open_journal, tmp_path, looks_at_once):
    """rm -r of the memory folder under a running bot loses nothing of today."""
    journal = open_journal()
    journal.hold(PROJECT, (("default", 10),))
    subprocess.run(["rm", "-r", tmp_path / "calls"], check=True)

    journal.hold(PROJECT, ONE)

    assert used(journal) == 11


def test_what_was_written_before_a_deletion_was_noticed_comes_back_too(open_journal, monkeypatch):
    """The file is looked at every tenth of a second; calls in between are counted in the nameless file."""
    now = 1000.0
    monkeypatch.setattr(page.time, "monotonic", lambda: now)
    journal = open_journal()
    journal.hold(PROJECT, (("default", 10),))
    file_of(journal).unlink()
    journal.hold(PROJECT, (("default", 5),))
    assert not file_of(journal).exists()

    now += page.LOOK_EVERY
    journal.hold(PROJECT, ONE)

    assert used(journal) == 16


def test_a_full_disk_denies_and_loses_nothing(open_journal, a_call):
    """Where the line cannot be written the call is not made, and counting goes on once there is room."""
    journal = open_journal()
    hold = journal.hold(PROJECT, (("default", 10),))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = file_of(journal).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, hard))
    try:
        with pytest.raises(LedgerUnavailable) as refused:
            journal.hold(PROJECT, ONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert str(file_of(journal)) in str(refused.value)
    assert file_of(journal).stat().st_size == size
    assert journal.settle(hold, [a_call(10)])
    assert used(journal) == 10


def test_a_settlement_the_disk_refused_is_written_with_the_next_call(monitor, journal):
    """The bot's call was made: it gets its answer, and the log gets its line later."""
    demand = Demand("videos.list", PROJECT)
    flight = monitor.begin([demand])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_of(journal).stat().st_size, hard))
    try:
        flight.answered([(200, None)], latency=0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(monitor.log()) == []

    monitor.begin([demand]).answered([(200, None)], latency=0.1)

    assert [row["units"] for row in monitor.log()] == [1, 1]
    assert used(journal) == 2


def as_nobody(work):
    """What a function returns when a forked child runs it as the user nobody, who owns nothing."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        os.write(writer, work().encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def hold_one(folder, clock):
    journal = Journal(folder, clock=clock)
    try:
        journal.hold(PROJECT, ONE)
    except LedgerUnavailable as error:
        return f"denied: {error}"
    return f"used {used(journal)}"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changing users needs root")


@pytest.fixture
def public_folder():
    """A memory folder that other users can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="ytquota-users-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@needs_root
def test_another_user_without_permission_is_told_what_to_do(public_folder, clock):
    """Two users: the one who may not write is denied in plain words, never uncounted."""
    Journal(public_folder / "calls", clock=clock).hold(PROJECT, ONE)

    answer = as_nobody(lambda: hold_one(public_folder / "calls", clock))

    assert answer.startswith("denied: ")
    assert "Permission denied" in answer
    assert "YTQUOTA_MEMORY_DIR" in answer


@needs_root
def test_two_users_with_permission_share_one_count(public_folder, clock):
    """With a folder both may write, the second user's calls count on top of the first's."""
    journal = Journal(public_folder / "calls", clock=clock)
    journal.hold(PROJECT, (("default", 5),))
    for path in [public_folder / "calls", *(public_folder / "calls").rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)

    assert as_nobody(lambda: hold_one(public_folder / "calls", clock)) == "used 6"
    assert used(journal) == 6


def test_network_file_systems_are_refused_with_the_way_out(tmp_path):
    """flock between hosts cannot be trusted there; Redis can."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/shared nfs4 rw 0 0\n")

    assert network_file_system(tmp_path / "shared" / "memory", mounts) == "nfs4"
    assert network_file_system(tmp_path / "elsewhere", mounts) is None
    assert network_file_system(tmp_path, tmp_path / "absent") is None


def test_a_journal_on_a_network_file_system_is_not_opened(open_journal, monkeypatch):
    """The advice is Redis."""
    monkeypatch.setattr(places, "network_file_system", lambda _folder: "nfs4")
    with pytest.raises(LedgerUnavailable, match="YTQUOTA_LEDGER=redis"):
        open_journal().hold(PROJECT, ONE)


def test_a_denied_call_leaves_no_trace_in_the_count(journal):
    """All or none over several buckets: what was charged before the short one is given back."""
    with pytest.raises(QuotaExceeded) as denied:
        journal.hold(PROJECT, (("default", 10), ("search_list", 101)))

    assert (denied.value.bucket, denied.value.asked, denied.value.left) == ("search_list", 101, 100)
    assert used(journal) == 0
    journal.hold(PROJECT, ONE)
    assert used(journal) == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_failing_disk_is_named_with_advice(number, tmp_path):
    """Every disk error ends in a sentence with the file and what to do."""
    text = str(unavailable(tmp_path / "x.jsonl", OSError(number, os.strerror(number))))

    assert "x.jsonl" in text
    assert text.endswith(".")
    assert os.strerror(number) in text


def test_mending_keeps_limits_marks_and_refused_counts(open_journal, a_call):
    """What the last readable line knew besides the units is not lost with the garbled one."""
    journal = open_journal()
    journal.limit(PROJECT, "search_list", 6, source="server")
    journal.exhaust(PROJECT, "video_insert", 2e9)
    journal.settle(journal.hold(PROJECT, ONE), [a_call(0, released=1, outcome="refused")])
    before = journal.usage(PROJECT)
    with file_of(journal).open("ab") as file:
        file.write(b'garbage\n{"v":1,"ki')

    fresh = open_journal()
    repair.mend(fresh, PROJECT, DAY, who="test")

    assert fresh.usage(PROJECT) == before
    fresh.hold(PROJECT, ONE)
    assert file_of(fresh).with_suffix(".torn").exists()


def test_a_count_corrected_below_what_open_holds_give_back_is_sound(journal, a_call):
    """The count stops at zero when they do; whoever adds the lines up must stop there too."""
    whole, recorded = journal.hold(PROJECT, (("default", 50),)), journal.hold(PROJECT, (("default", 50),))
    journal.adjust(PROJECT, "default", -90, reason="console", who="anna")
    journal.release(whole)
    journal.settle(recorded, [a_call(0, released=50, outcome="free")])
    journal.hold(PROJECT, (("default", 7),))

    found = repair.examine(file_of(journal))

    assert (found.stated["default"], found.is_sound) == (7, True)
