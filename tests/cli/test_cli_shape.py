"""What holds for every command: help, exit codes, errors in one sentence, nothing heavy loaded."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys

import pytest
import typer

import ytquota
from ytquota.cli import _HOMES, app
from ytquota.cli.output import fail

COMMANDS = tuple(_HOMES)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command):
    """Summary, an example line that can be typed, options; at 80 columns."""
    result = run(command, "--help")

    assert result.exit_code == 0
    assert any(line.strip().startswith(f"ytquota {command}") for line in result.stdout.splitlines()[2:])
    assert "Options:" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert run(command, "-h").stdout == result.stdout


def test_alone_it_shows_its_help(run):
    """All commands with a summary, and where to start."""
    result = run()

    assert result.exit_code == 0
    assert result.stdout == run("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in result.stdout
    assert "ytquota demo" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_version(run):
    """The version of the package."""
    assert run("--version").stdout == f"ytquota {ytquota.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("status", "--nonsense"),
        ("status", "surplus"),
        ("reset",),
        ("reset", "one"),
        ("reset", "0"),
    ],
)
def test_bad_usage_ends_with_2_and_says_so_on_stderr(run, arguments):
    """Nothing is printed where a script reads."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_no_inner_types(run, command):
    """The value of an option is N, NUMBER, TEXT or FILE, and not `<int range>`."""
    assert not re.search(r"<[a-z]", run(command, "--help").stdout.partition("\nOptions:")[2])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "--json"), 1),
        (("limits", "--json"), 1),
        (("reconcile", "--json"), 1),
        (("status", "--json", "--project", "5"), 2),
        (("status", "--json", "surplus"), 2),
        (("disable", "9", "--json", "--yes"), 2),
        (("undo", "--json", "--yes"), 1),
    ],
)
def test_an_error_is_a_document_with_json(run, arguments, code):
    """The same exit code and the same words as without, and something to parse on stdout."""
    plain, result = run(*(word for word in arguments if word != "--json")), run(*arguments)

    assert (plain.exit_code, result.exit_code) == (code, code)
    assert plain.stdout == ""
    ((name, told),) = json.loads(result.stdout).items()
    assert name == "error"
    assert " ".join(told.split()) in " ".join(result.stderr.split())


def test_a_file_that_may_not_be_written_is_told_with_a_remedy(capsys):
    """Which folder, and what else could be done."""
    with pytest.raises(typer.Exit):
        fail(PermissionError(errno.EACCES, "Permission denied", "/srv/memory/state.json.lock"))

    told = capsys.readouterr().err
    assert "/srv/memory/state.json.lock: Permission denied. Make the folder /srv/memory writable" in told
    assert "YTQUOTA_MEMORY_DIR" in told


def test_a_slip_of_the_pen_is_guessed(run):
    """The nearest command is named."""
    assert "'status'" in run("stauts").stderr


@pytest.mark.parametrize("command", ["status", "sets", "log"])
def test_a_wrong_setting_is_one_sentence_that_names_it(run, bot_folder, command):
    """Exit 1, the variable on stderr, nothing on stdout."""
    (bot_folder / ".env").write_text("YTQUOTA_RESERVE=plenty\n")

    result = run(command)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("YTQUOTA_RESERVE: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_garbled_ledger_is_one_sentence_that_names_the_file(run, furnished, counted):
    """What cannot be read never reads as nothing used."""
    counted("videos.list")
    (journal,) = (furnished / "memory" / "calls").glob("*/*.jsonl")
    journal.write_bytes(journal.read_bytes() + b"garbled\n")

    for arguments in (
        ("status",),
        ("status", "--json"),
        ("status", "--check"),
        ("sets",),
        ("exhaust", "1", "--yes"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert ("error" in result.stdout) == ("--json" in arguments)
        assert str(journal) in result.stderr
        assert "Traceback" not in result.stderr


def test_garbled_state_tokens_and_old_views_are_no_traceback(run, furnished, counted):
    """A state file that cannot be read is an error, a token is a state of its set, a view is set aside."""
    counted("videos.list")
    (furnished / "memory" / "quota_usage.json").write_text("]")
    (furnished / "credentials" / "oauth_token_1.json").write_text("{")

    assert run("status").exit_code == 0
    assert "not valid JSON" in " ".join(run("sets").stdout.split())

    (furnished / "memory" / "exhausted_credentials.json").write_text("{")
    result = run("sets")
    assert result.exit_code == 1
    assert "exhausted_credentials.json" in result.stderr


def test_a_folder_that_cannot_be_read_is_one_sentence(run, furnished):
    """An OSError is told as file and reason."""
    (furnished / "memory").write_text("this is a file")

    result = run("status")

    assert result.exit_code in {0, 1}
    assert "Traceback" not in result.stderr + result.stdout


def test_secrets_stay_in_their_files(run, furnished, counted):
    """No command prints a token, a client secret or a key."""
    counted("videos.list")
    secrets = [
        line.partition("=")[2].strip()
        for line in (furnished / ".env").read_text().splitlines()
        if "KEY" in line
    ]

    for arguments in (("status",), ("status", "--json"), ("sets",), ("sets", "--json"), ("log", "--json")):
        result = run(*arguments)
        for secret in secrets:
            assert secret
            assert secret not in result.stdout + result.stderr


def test_status_loads_nothing_heavy():
    """Neither pandas nor the google client nor the sandbox stand between a person and a table."""
    program = (
        "import sys, ytquota.cli.status\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'googleapiclient', 'ipywidgets', 'starlette', 'uvicorn'}\n"
        "print(*heavy & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout.strip()) == (0, "")


def test_the_command_is_named_as_it_is_called():
    """Usage lines say ytquota, however it was started."""
    assert app.info.name == "ytquota"
