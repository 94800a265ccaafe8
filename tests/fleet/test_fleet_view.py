"""Several ledgers in one view: each unit once, who spent it, and what cannot be looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from tests.fleet.conftest import NOON, RESEARCH, SHOWS, parts
from ytquota.clock import quota_day
from ytquota.monitor.fleet import FleetList, FleetView

DAY = quota_day(NOON).isoformat()


def pool_of(report, project=SHOWS, bucket="default"):
    return report["projects"][project]["pools"][bucket]


def ledger_of(report, name):
    return next(ledger for ledger in report["ledgers"] if ledger["name"] == name)


def test_projects_of_several_ledgers_are_in_one_view(host, view):
    """Each with its name, its pools, who spent them, and which host wrote last."""
    studio, attic = host("studio"), host("attic")
    studio.spend(3)
    attic.clock.advance(60)
    attic.spend(2, "search.list", project=RESEARCH)

    report = view(
        ("studio", studio.folder, "Anna"), ("attic", attic.folder, "Ben"),
        more=f'[projects]\n{SHOWS} = "Shows"\n',
    ).report()  # fmt: skip

    assert (report["day"], report["warnings"]) == (DAY, [])
    assert [its["name"] for its in report["projects"].values()] == ["Shows", RESEARCH]
    assert pool_of(report)["used"] == 3
    assert pool_of(report)["owners"] == [{"owner": "Anna", "units": 3, "share": 1.0}]
    assert pool_of(report, RESEARCH, "search_list")["ledgers"] == [
        {"ledger": "attic", "units": 2, "share": 1.0}
    ]
    assert ledger_of(report, "attic") | {"address": ""} == {
        "name": "attic", "owner": "Ben", "address": "", "kind": "journal", "reachable": True, "problem": None,
        "remedy": None, "note": None, "projects": [RESEARCH], "hosts": ["attic"],
        "last_at": "2026-11-10T20:01:00+00:00", "last_host": "attic", "archived": None,
    }  # fmt: skip
    json.dumps(report)


def test_a_project_with_two_journals_is_added_with_a_warning(host, view):
    """The limit is one, and neither ledger knows what the other let through."""
    studio, attic = host("studio"), host("attic")
    studio.spend(30, "comments.insert")
    attic.spend(40, "comments.insert")

    report = view(("studio", studio.folder, "Anna"), ("attic", attic.folder, "Ben")).report()

    pool = pool_of(report)
    assert (pool["used"], pool["left"], pool["limit"], pool["share"]) == (3500, 6500, 10_000, 0.35)
    assert parts(pool, "owner") == {"Anna": 1500, "Ben": 2000}
    (warning,) = report["warnings"]
    assert (warning["kind"], warning["ledgers"]) == ("second-ledger", ("studio", "attic"))
    assert "YTQUOTA_LEDGER" in warning["remedy"]


@pytest.mark.parametrize(
    ("operator", "server", "limit"),
    [
        ((5000, 5000), None, 10_000),  # divided by hand
        ((50_000, 50_000), None, 50_000),  # the same line in both
        ((50_000, 50_000), 8000, 8000),  # Google's word
        ((None, 30_000), None, 30_000),
    ],
)
def test_the_limit_of_a_project_is_shared_by_its_ledgers(host, view, operator, server, limit):
    """It is never added up."""
    one, other = (
        host(f"host{number}", limits=lambda _project, bucket, of=of: of if bucket == "default" else None)
        for number, of in enumerate(operator)
    )
    one.spend(10)
    if server is not None:
        other.monitor.ledger.limit(SHOWS, "default", server, source="server")
    other.spend(10)

    report = view(("one", one.folder, ""), ("other", other.folder, "")).report()

    assert (pool_of(report)["used"], pool_of(report)["limit"]) == (20, limit)


def test_a_mark_of_any_ledger_holds_for_the_project(host, view):
    """Google said it to one host; it is gone for all."""
    one, other = host("one"), host("other")
    one.spend(10)
    other.spend(1)
    until = (NOON + timedelta(hours=3)).timestamp()
    other.monitor.ledger.exhaust(SHOWS, "default", until)

    report = view(("one", one.folder, ""), ("other", other.folder, "")).report()

    assert pool_of(report)["exhausted_until"] is not None
    assert pool_of(report)["marked_by"] == "server"


def test_a_copy_of_a_journal_is_counted_once(host, view, tmp_path):
    """A backup that was listed too, or one folder under two mounts: the longer one counts."""
    studio = host("studio")
    studio.spend(3)
    shutil.copytree(studio.folder, tmp_path / "backup")
    studio.spend(2)

    for order in (("backup", "studio"), ("studio", "backup")):
        report = view(*((name, tmp_path / name, "") for name in order)).report()

        assert pool_of(report)["used"] == 5
        assert [warning["kind"] for warning in report["warnings"]] == ["copy"]


def test_calls_of_a_set_or_host_of_somebody_else_are_theirs(host, view):
    """The rest, corrections and unsettled holds included, is the ledger's owner's; looked at again, too."""
    studio = host("studio")
    studio.spend(3, number="1")
    studio.spend(5, number="10")
    entry = f'[[ledger]]\nname = "s"\naddress = "{studio.folder}"\nowner = "Anna"\nsets = {{ 10 = "Ben" }}\n'
    looking = view(entry)
    first = parts(pool_of(looking.report()), "owner")

    studio.spend(2, number="10")
    studio.monitor.ledger.hold(SHOWS, (("default", 50),))
    studio.monitor.ledger.adjust(SHOWS, "default", 7, reason="a script", who="anna")

    assert first == {"Anna": 3, "Ben": 5}
    assert parts(pool_of(looking.report()), "owner") == {"Anna": 60, "Ben": 7}
    assert pool_of(looking.report())["used"] == 67

    studio.name = "attic"
    studio.spend(4)
    by_host = entry.replace("sets = { 10", "hosts = { attic")
    assert parts(pool_of(view(by_host).report()), "owner") == {"Anna": 67, "Ben": 4}


@pytest.mark.redis
@pytest.mark.parametrize("counts_in_redis", [False, True])
def test_an_operators_mark_is_shown_as_one(host, view, start_redis, counts_in_redis):
    """By a journal, by the server itself, and by the lines of a host that counts there."""
    url = start_redis() if counts_in_redis else None
    one = host("one", redis=url)
    one.spend(1)
    one.monitor.ledger.exhaust(SHOWS, "default", (NOON + timedelta(hours=3)).timestamp(), source="operator")

    looked = [view(("one", one.folder, ""))] + ([view(("quota", url, ""))] if url else [])

    assert [pool_of(fleet.report())["marked_by"] for fleet in looked] == ["operator"] * len(looked)


@pytest.mark.redis
def test_hosts_that_count_in_one_redis_are_not_counted_twice(host, view, start_redis):
    """The server's count is the count; each host's lines tell its share, and nobody's is nobody's."""
    url = start_redis()
    studio, attic, cellar = (host(name, redis=url) for name in ("studio", "attic", "cellar"))
    studio.spend(3)
    attic.spend(5)
    cellar.spend(7)
    studio.spend(1)

    redis = ("quota", url, "Ops")
    hosts = (("studio", studio.folder, "Anna"), ("attic", attic.folder, "Ben"))
    alone, beside, lines = (view(*entries).report() for entries in ((redis,), (redis, *hosts), hosts))

    assert [pool_of(report)["used"] for report in (alone, beside, lines)] == [16, 16, 16]
    assert [report["warnings"] for report in (alone, beside, lines)] == [[], [], []]
    assert parts(pool_of(alone), "owner") == {"Ops": 16}
    assert parts(pool_of(beside), "owner") == {"Anna": 4, "Ben": 5, "Ops": 7}
    assert parts(pool_of(beside), "ledger") == {"studio": 4, "attic": 5, "quota": 7}
    assert parts(pool_of(lines), "owner") == {"Anna": 4, "Ben": 5, None: 7}
    assert len(ledger_of(alone, "quota")["hosts"]) == 3


@pytest.mark.redis
def test_a_folder_whose_env_names_a_redis_is_one_host_of_it(host, view, start_redis):
    """It is counted by the server; what others spent there is not this folder's."""
    url = start_redis()
    studio, attic = (host(name, redis=url) for name in ("studio", "attic"))
    studio.spend(3)
    attic.spend(5)
    (studio.folder / ".env").write_text(f"YTQUOTA_MEMORY_DIR=.\nYTQUOTA_LEDGER={url}\n")

    report = view(("studio", studio.folder, "Anna")).report()
    both = view(("studio", studio.folder, "Anna"), ("quota", url, "Ops")).report()

    assert pool_of(report)["used"] == 8
    assert parts(pool_of(report), "owner") == {"Anna": 3, None: 5}
    assert (pool_of(both)["used"], both["warnings"]) == (8, [])
    assert parts(pool_of(both), "owner") == {"Anna": 3, "Ops": 5}


@pytest.mark.redis
def test_two_servers_that_count_one_project_are_added_with_a_warning(host, view, start_redis):
    """They share no host, so they are not one server under two names."""
    one, other = start_redis(), start_redis()
    host("studio", redis=one).spend(3)
    host("attic", redis=other).spend(5)

    report = view(("one", one, ""), ("other", other, "")).report()

    assert pool_of(report)["used"] == 8
    assert [warning["kind"] for warning in report["warnings"]] == ["second-ledger"]


@pytest.mark.redis
def test_a_redis_that_lost_its_data_does_not_read_as_little_used(host, view, start_redis):
    """The lines of a host that knows more are believed; where the server counts on, it is said."""
    import redis  # noqa: PLC0415 - an extra

    url = start_redis()
    studio = host("studio", redis=url)
    studio.spend(30)
    with redis.Redis.from_url(url) as client:
        client.flushall()

    looking = view(("studio", studio.folder, ""), ("quota", url, ""))
    assert pool_of(looking.report())["used"] == 30

    host("attic", redis=url).spend(1)

    report = looking.report()
    assert pool_of(report)["used"] == 30
    assert [warning["kind"] for warning in report["warnings"]] == ["lost"]


@pytest.mark.redis
def test_a_redis_out_of_reach_leaves_what_its_host_saw_last(host, view, tmp_path, start_redis):
    """With a note; a bare address that does not answer is a ledger that cannot be looked at."""
    studio = host("studio", redis=start_redis())
    studio.spend(3)
    gone = f"unix://{tmp_path}/gone.sock"
    (studio.folder / ".env").write_text(f"YTQUOTA_MEMORY_DIR=.\nYTQUOTA_LEDGER={gone}\n")

    report = view(("studio", studio.folder, ""), ("quota", gone.replace("gone", "none"), "")).report()

    assert pool_of(report)["used"] == 3
    assert "saw last" in ledger_of(report, "studio")["note"]
    quota = ledger_of(report, "quota")
    assert not quota["reachable"]
    assert "cannot be reached" in quota["problem"]
    assert "its address" in quota["remedy"]


@pytest.mark.redis
def test_looking_at_a_redis_writes_nothing_there(host, view, start_redis):
    """Not even the functions are loaded: a replica, or a user who may only read, will do."""
    import redis  # noqa: PLC0415 - an extra

    url = start_redis()
    host("studio", redis=url).spend(3)
    with redis.Redis.from_url(url) as client:
        client.function_flush()
        client.acl_setuser("viewer", enabled=True, nopass=True, keys=["ytquota:*"], commands=[
            "+hgetall", "+get", "+zrange",
        ])  # fmt: skip
        before = client.info("server"), client.dbsize(), client.lastsave()
        viewer = url.replace("unix://", "unix://viewer:x@")

        report = view(("quota", viewer, "")).report()

        assert pool_of(report)["used"] == 3
        assert client.function_list() == []
        assert (client.dbsize(), client.lastsave()) == before[1:]


def test_what_cannot_be_looked_at_says_why_and_the_rest_goes_on(host, view, tmp_path):
    """A missing folder, one without a ledger, a garbled journal, a wrong .env, an unknown address."""
    studio, garbled = host("studio"), host("garbled")
    studio.spend(3)
    garbled.spend(1, project=RESEARCH)
    (path,) = (garbled.folder / "calls").glob("*/*.jsonl")
    path.write_bytes(path.read_bytes() + b"garbled\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / ".env").write_text("YTQUOTA_RESERVE=plenty\n")

    report = view(
        ("studio", studio.folder, ""), ("missing", tmp_path / "gone", ""), ("empty", tmp_path / "empty", ""),
        ("garbled", garbled.folder, ""), ("wrong", tmp_path / "wrong", ""), ("odd", "odd://place", ""),
        ("nowhere", "memory://nothing-there", ""),
    ).report()  # fmt: skip

    told = {one["name"]: f"{one['problem']} | {one['remedy']}" for one in report["ledgers"] if one["problem"]}
    assert pool_of(report)["used"] == 3
    assert told.keys() == {"missing", "empty", "garbled", "wrong", "odd", "nowhere"}
    for name, words in {
        "missing": "is a disk not mounted", "empty": "holds no ledger", "garbled": "On its host",
        "wrong": "YTQUOTA_RESERVE", "odd": "odd://place", "nowhere": "no archived day",
    }.items():  # fmt: skip
        assert words in told[name]
        assert "Traceback" not in told[name]


def test_a_ledger_that_does_not_answer_holds_up_nobody(host, view, tmp_path):
    """As a mount that hangs: a pipe that nobody writes to. When it answers again it is there again."""
    studio, stuck = host("studio"), host("stuck")
    studio.spend(3)
    stuck.spend(1, project=RESEARCH)
    (path,) = (stuck.folder / "calls").glob("*/*.jsonl")
    content = path.read_bytes()
    path.unlink()
    os.mkfifo(path)

    looking = view(("studio", studio.folder, ""), ("stuck", stuck.folder, ""), patience=0.5)
    report = looking.report()

    assert pool_of(report)["used"] == 3
    assert "does not answer" in ledger_of(report, "stuck")["problem"]
    with path.open("wb"):  # lets the reader go on
        path.unlink()
        path.write_bytes(content)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.daemon:
            thread.join(5)
    assert pool_of(looking.report(), RESEARCH)["used"] == 1


def test_an_archive_tells_its_days_and_hosts(host, view, clock):
    """It counts nothing today."""
    studio = host("studio")
    for _ in range(3):
        studio.spend(2)
        clock.advance(86_400)
    clock.advance(5 * 86_400)
    studio.spend(1)
    studio.archive("memory://an-archive", clock.time())

    report = view(("farm", "memory://an-archive", "Ops")).report()

    farm = ledger_of(report, "farm")
    assert (farm["kind"], farm["hosts"]) == ("archive", ["studio"])
    assert farm["archived"] == {"first": "2026-11-10", "last": "2026-11-12", "days": 3}
    assert report["projects"] == {}


WATCHED = """
import sys
from pathlib import Path
from ytquota.monitor.fleet import FleetList, FleetView

def watch(event, arguments):
    writes = event in {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.chmod", "os.truncate"}
    if event == "open" and isinstance(arguments[0], (str, bytes, Path)):
        writes = bool(arguments[2] & 0o1103)  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
    if writes and sys.argv[2] in str(arguments[0]):
        raise OSError(30, "Read-only file system", str(arguments[0]))

sys.addaudithook(watch)
with FleetView(FleetList.load(Path(sys.argv[1]))) as view:
    print([one["problem"] for one in view.report()["ledgers"]])
"""


def test_nothing_is_written_into_what_is_looked_at(host, write_list, tmp_path, clock):
    """No file is made, changed or locked: watched from inside, and compared from outside."""
    hosts = [host(name) for name in ("studio", "attic")]
    clock.set(NOON.now(tz=NOON.tzinfo))
    for one in hosts:
        one.spend(3)
        one.monitor.ledger.flush()
    (hosts[0].folder / ".env").write_text("YTQUOTA_MEMORY_DIR=.\n")
    path = write_list(*((one.name, one.folder, "") for one in hosts))
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}

    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(path), str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "[None, None]"), done.stderr
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_a_read_only_mount_will_do(host, write_list, tmp_path, clock):
    """The kernel itself refuses to write there."""
    studio = host("studio")
    clock.set(NOON.now(tz=NOON.tzinfo))
    studio.spend(3)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    path = write_list(("studio", mounted, "Anna"))
    program = (
        "from ytquota.monitor.fleet import *; import sys, pathlib; "
        "print(FleetView(FleetList.load(pathlib.Path(sys.argv[1]))).report()['projects'].popitem()[1]"
        "['pools']['default']['used'])"
    )
    script = (
        f"mount --bind {studio.folder} {mounted} && mount -o remount,ro,bind {mounted} || exit 77; "
        f'touch {mounted}/x 2>/dev/null && exit 78; exec {sys.executable} -c "$1" {path}'
    )

    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount")
    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


def test_a_view_can_be_looked_at_again_and_closed(host, write_list, clock):
    """What is spent meanwhile is seen; over midnight the new day is."""
    studio = host("studio")
    studio.spend(3)

    with FleetView(FleetList.load(write_list(("studio", studio.folder, ""))), clock=clock) as looking:
        looking.report()
        studio.spend(2)
        assert pool_of(looking.report())["used"] == 5
        clock.advance(86_400)
        assert pool_of(looking.report())["used"] == 0
        studio.spend(1)
        assert pool_of(looking.report())["used"] == 1
