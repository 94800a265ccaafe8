"""The command, and faults of machine, clock, rotation, settings and state."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from ytquota.clock import ManualClock, SystemClock
from ytquota.operations import doctor
from ytquota.operations.doctor import check_up, machine
from ytquota.sandbox import Sandbox

ONE = "111111111111"

ZONE = """
import importlib.abc, sys, warnings
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {hidden}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
import zoneinfo
zoneinfo.reset_tzpath(to=())
warnings.simplefilter("ignore")
from ytquota.operations.doctor import check_up
for finding in check_up():
    print(finding.check, finding.severity, finding.remedy)
"""


def test_a_line_of_env_that_says_nothing_is_an_error(bot):
    """Whoever wrote it thinks that it is set; what it says may be a secret."""
    with (bot.folder / ".env").open("a") as file:
        file.write("\nGOCSPX-forgotten\n")

    (found,) = bot.look()

    assert (found.check, found.severity) == ("env-lines", "error")
    assert "not written as NAME=value" in found.what
    assert "forgotten" not in str(found)


# -- clock and machine


@pytest.mark.parametrize(("seconds", "severity"), [(600, "error"), (-600, "error"), (120, "warning")])
def test_a_wrong_clock_is_found_by_the_sandboxs(bot, seconds, severity):
    """By the Date header of an answer that costs nothing."""
    (found,) = bot.look(clock=ManualClock(SystemClock().time() + seconds))

    assert (found.check, found.severity) == ("clock", severity)
    assert ("ahead of" if seconds > 0 else "behind") in found.what
    assert "`sudo timedatectl set-ntp true`" in found.remedy
    assert bot.look() == []


def test_a_sandbox_that_was_stopped_is_found(bot):
    """The remedy names the variable that leads there."""
    bot.sandbox.stop()

    (found,) = bot.look()

    assert (found.check, found.severity) == ("reach", "warning")
    assert "YTQUOTA_API_ENDPOINT" in found.remedy
    bot.sandbox.start()
    assert bot.look() == []


@pytest.mark.parametrize(
    ("hidden", "told"),
    [(("tzdata", "pytz"), "zone error Run `pip install tzdata`"), (("pytz",), ""), (("tzdata",), "")],
)
def test_missing_zone_data_is_found(bot, hidden, told):
    """In a Python that has neither the system's data, nor tzdata, nor pytz; any of them cures it."""
    pytest.importorskip("tzdata" if "tzdata" not in hidden else "pytz")
    done = subprocess.run(
        [sys.executable, "-c", ZONE.format(hidden=hidden)],
        capture_output=True, text=True, check=True, cwd=bot.folder,
    )  # fmt: skip

    assert done.stdout.startswith(told)
    assert bool(done.stdout) == bool(told)


@pytest.mark.parametrize(("total", "free"), [(10**12, 10**10), (5 * 10**9, 199 * 10**6)])
def test_a_disk_that_is_nearly_full_is_found(bot, monkeypatch, total, free):
    """Under 2 % or under 200 MB."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil has it
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage(total, total - free, free))

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("disk", "warning", str(bot.memory))
    assert "`ytquota archive`" in found.remedy
    monkeypatch.undo()
    assert bot.look("disk") == []


def test_a_network_file_system_is_found(bot, monkeypatch, tmp_path):
    """As the system's list of mounts has it; another folder, or a Redis, is the remedy."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/bots {bot.memory} nfs4 rw 0 0\n")
    monkeypatch.setattr(machine, "MOUNTS", mounts)

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("network", "error", str(bot.memory))
    assert "nfs4" in found.what
    assert "YTQUOTA_MEMORY_DIR" in found.remedy
    assert "YTQUOTA_LEDGER=redis://" in found.remedy
    bot.setting("YTQUOTA_MEMORY_DIR", "local")
    assert bot.look() == []


def test_a_memory_folder_that_is_a_file_is_found(bot):
    """Nothing could be counted."""
    bot.memory.write_text("")

    (found,) = bot.look()

    assert (found.check, found.severity) == ("memory", "error")
    assert "YTQUOTA_MEMORY_DIR" in found.remedy


def test_a_redis_out_of_reach_is_found(bot, tmp_path):
    """Its address without the password."""
    pytest.importorskip("redis")
    bot.setting("YTQUOTA_LEDGER", f"unix://:pass-word@{tmp_path}/no.sock")

    (found,) = bot.look("redis")

    assert found.severity == "error"
    assert "YTQUOTA_LEDGER" in found.remedy
    assert "pass-word" not in str(found.to_json())


# -- settings, state


def test_an_unknown_setting_is_found_with_what_was_meant(bot):
    """A slip of the pen would have no effect and no error."""
    bot.setting("YTQUOTA_RESERV", "5%")

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("variables", "warning", "YTQUOTA_RESERV")
    assert "Rename it to YTQUOTA_RESERVE " in found.remedy


def test_settings_that_cannot_be_loaded_are_a_finding(bot, run):
    """Not a crash: the variable is named, and the command ends with 1."""
    bot.setting("YTQUOTA_RESERVE", "plenty")

    (found,) = check_up(start=bot.folder)

    assert (found.check, found.severity, found.subject) == ("settings", "error", "YTQUOTA_RESERVE")
    result = run("doctor")
    assert (result.exit_code, "YTQUOTA_RESERVE" in result.stdout) == (1, True)


def test_a_folder_without_anything_says_how_to_start(run):
    """Most likely the wrong folder."""
    result = run("doctor")

    assert result.exit_code == 1
    assert "run `ytquota init` here" in " ".join(result.stdout.split())


@pytest.mark.parametrize("content", ["{", "7", '{"v": 1, "quarantined": 3}', '{"v": 99}'])
def test_a_state_file_that_cannot_be_read_is_found(bot, content):
    """And gone once it was moved away as the remedy says."""
    bot.memory.mkdir()
    path = bot.memory / "exhausted_credentials.json"
    path.write_text(content)

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("state", "error", str(path))
    assert f"`mv {path} {path}.broken`" in found.remedy
    path.rename(f"{path}.broken")
    assert bot.look() == []


def test_files_kept_of_an_older_program_are_noted(bot):
    """An older state file itself is left for the next program that writes."""
    bot.memory.mkdir()
    path = bot.memory / "exhausted_credentials.json"
    path.write_text("[1, 2]")
    assert bot.look() == []
    assert path.exists()

    path.rename(f"{path}.old")

    (found,) = bot.look()
    assert (found.check, found.severity) == ("left-over", "note")
    assert f"`rm {path}.old`" in found.remedy


# -- the command


def test_a_healthy_install_ends_with_0(bot, run):
    """In words, and as JSON."""
    bot.count()

    result = run("doctor")

    assert (result.exit_code, result.stdout) == (0, "Healthy: nothing was found.\n")
    assert json.loads(run("doctor", "--json").stdout) == {"healthy": True, "findings": [], "fixed": []}


def test_notes_alone_are_healthy(bot, run):
    """A script that runs it every morning is not woken by them."""
    bot.setting("YTQUOTA_PROJECT_3")

    result = run("doctor")

    assert result.exit_code == 0
    assert result.stdout.endswith("Healthy: 1 note.\n")


def test_fix_says_what_it_did_and_what_is_left(bot, run):
    """Only what is safe; the rest stays, and so does exit code 1."""
    path = bot.count()
    path.write_bytes(path.read_bytes() + b"garbage\n")
    bot.token(10).chmod(0o644)
    bot.secrets(1).unlink()

    before = run("doctor")
    after = run("doctor", "--fix", "--json")
    report = json.loads(after.stdout)

    assert (before.exit_code, after.exit_code) == (1, 1)
    assert "`ytquota doctor --fix` mends 2 of them." in " ".join(before.stdout.split())
    assert [finding["check"] for finding in report["findings"]] == ["secrets-missing"]
    assert {finding["check"] for finding in report["fixed"]} == {"garbled", "modes"}
    assert all(finding["done"] for finding in report["fixed"])
    assert json.loads(run("doctor", "--fix", "--json").stdout)["fixed"] == []


def test_what_could_not_be_fixed_is_told(bot, run):
    """With the reason, and exit code 1."""
    path = bot.count()
    path.write_bytes(path.read_bytes() + b"garbage\n")
    (bot.memory / "audit.jsonl").mkdir()

    result = run("doctor", "--fix")

    assert "failed" in result.stdout
    assert "audit.jsonl" in "".join(result.stdout.split())


def test_no_secret_is_ever_shown(bot, run):
    """With every credential fault at once, with Google asked, fixed or not."""
    token = json.loads(bot.token().read_text())
    secrets = json.loads(bot.secrets().read_text())["installed"]
    key = next(line for line in (bot.folder / ".env").read_text().splitlines() if "API_KEY" in line)
    hidden = [
        token["token"], token["refresh_token"], token["client_secret"], secrets["client_secret"],
        json.loads(bot.token(10).read_text())["refresh_token"], key.partition("=")[2], "PRIVATE",
    ]  # fmt: skip
    assert all(hidden)
    bot.sandbox.revoke(10)
    for path in (bot.token(), bot.secrets(), bot.folder / ".env"):
        path.chmod(0o666)
    bot.setting("YOUTUBE_SCOPES", "youtubepartner")
    bot.setting("YTQUOTA_PROJECT_3")
    bot.secrets(10).write_text('{"type": "service_account", "private_key": "PRIVATE"}')
    bot.secrets().write_text(
        json.dumps({"web": secrets | {"client_id": "222222222222-x", "redirect_uris": []}})
    )

    for arguments in ((), ("--json",), ("--ask-google",), ("--ask-google", "--json"), ("--fix", "--json")):
        result = run("doctor", *arguments)
        assert result.exit_code == 1
        for secret in hidden:
            assert secret not in result.stdout + result.stderr
    assert "revoked" in run("doctor", "--ask-google", "--json").stdout


def test_a_folder_of_another_program_keeps_the_others_looking(bot, monkeypatch):
    """One check that cannot go on is a finding of its own."""

    def fails(_path):
        raise PermissionError(13, "Permission denied", str(bot.memory))

    monkeypatch.setattr("ytquota.operations.doctor.ledger.days_in", fails)
    bot.setting("YTQUOTA_RESERV", "5%")

    assert {finding.check for finding in bot.look()} == {"unread", "variables"}


def test_the_sandbox_of_a_demo_is_healthy_from_the_first_moment(bot_folder, run):
    """What `write_env` furnishes by default has nothing to be mended."""
    with Sandbox() as sandbox:
        sandbox.write_env(bot_folder)

        assert run("doctor").stdout == "Healthy: nothing was found.\n"


def test_every_check_stands_in_the_document():
    """And the document names none that is not there."""
    package = Path(doctor.__file__).parent
    source = "".join(path.read_text() for path in package.glob("*.py"))
    checks = set(re.findall(r'Finding\(\s*"([\w-]+)"', source))
    table = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()

    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == checks
