"""Token files and client secrets files: what is accepted, what is refused and in which words."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ytquota.auth.files import alone_with, replace_json
from ytquota.auth.tokens import (
    check_same_project,
    checked_address,
    is_loopback,
    load_client_secrets,
    load_token,
    save_token,
    token_lock,
)
from ytquota.errors import CredentialError

TOKEN = {
    "token": "ya29.secret-access",
    "refresh_token": "1//secret-refresh",
    "client_id": "111111111111-abc.apps.googleusercontent.com",
    "client_secret": "GOCSPX-secret",
    "scopes": ["https://www.googleapis.com/auth/youtube.force-ssl"],
    "expiry": "2026-11-23T15:04:05.123Z",
}
CLIENT = {
    "client_id": TOKEN["client_id"],
    "client_secret": TOKEN["client_secret"],
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
}
SECRETS = ("secret-access", "secret-refresh", "GOCSPX-secret")


@pytest.fixture
def write(tmp_path):
    """Write JSON, or text as it is, to a private file and return its path."""

    def write(content, name="token.json", mode=0o600):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        path.chmod(mode)
        return path

    return write


def test_a_token_file_tells_project_scopes_expiry_and_channel(write):
    """What the file says is read without Google's client, times as aware UTC."""
    token = load_token(1, write(TOKEN | {"channel_id": "UC1", "channel_title": "One"}))

    assert (token.project, token.channel_id, token.channel_title) == ("111111111111", "UC1", "One")
    assert token.scopes == ("https://www.googleapis.com/auth/youtube.force-ssl",)
    assert token.expiry == datetime(2026, 11, 23, 15, 4, 5, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expiry", "read"),
    [
        ("2026-11-23T15:04:05Z", datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)),
        ("2026-11-23T15:04:05", datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)),
        ("2026-11-23T16:04:05+01:00", datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_expiry_is_read_in_every_form_that_tools_write(write, expiry, read):
    """An offset or a missing zone is understood; what cannot be read counts as unknown, never as an error."""
    assert load_token(1, write(TOKEN | {"expiry": expiry})).expiry == read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{not json", "not valid JSON"),
        ("[1, 2]", "holds no JSON object"),
        ("", "not valid JSON"),
        ({key: value for key, value in TOKEN.items() if key != "refresh_token"}, "lacks refresh_token"),
        (TOKEN | {"client_id": "my-client"}, "does not begin with a project number"),
        ({"type": "service_account", "private_key": "secret-refresh"}, "service account"),
    ],
)
def test_a_token_file_that_cannot_serve_is_named_with_its_remedy(write, content, words):
    """The error names file, reason and the command that mends it, and quotes nothing of the file."""
    path = write(content)

    with pytest.raises(CredentialError, match=words) as caught:
        load_token(7, path)

    assert str(path) in str(caught.value)
    assert "ytquota login 7" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_a_missing_token_file_is_named_with_its_remedy(tmp_path):
    """A set that nobody has logged in yet says so."""
    with pytest.raises(CredentialError, match=r"absent\.json does not exist\. Run `ytquota login 3`"):
        load_token(3, tmp_path / "absent.json")


@pytest.mark.parametrize(
    "address",
    [
        "https://oauth2.googleapis.com/token",
        "http://127.0.0.1:8085/token",
        "http://localhost/token",
        "http://[::1]:1/",
    ],
)
def test_token_addresses_of_google_and_of_this_machine_are_honoured(tmp_path, address):
    """A sandbox on loopback and Google itself may be given the refresh token."""
    assert checked_address(address, name="token_uri", path=tmp_path) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://oauth2.googleapis.com.evil.example/token",
        "http://oauth2.googleapis.com/token",
        "https://evil.example/token",
        "http://127.0.0.1.evil.example/token",
        "file:///etc/passwd",
        "",
        "http://[",
    ],
)
def test_secrets_are_never_sent_to_another_token_address(write, address):
    """A token file whose token_uri leads elsewhere is refused before anything is sent."""
    with pytest.raises(CredentialError, match="neither Google's nor on this machine"):
        load_token(1, write(TOKEN | {"token_uri": address or "x"}))


def test_loopback_is_told_by_the_host_alone():
    """Neither a user part nor a path can make another host look like this machine."""
    assert is_loopback("http://127.8.9.1/x")
    assert not is_loopback("http://localhost@evil.example/")
    assert not is_loopback("http://evil.example/127.0.0.1")


@pytest.mark.parametrize("kind", ["installed", "web"])
def test_client_secrets_of_both_kinds_tell_their_project(write, kind):
    """Desktop and web clients can ask for consent."""
    secrets = load_client_secrets(1, write({kind: CLIENT}))

    assert (secrets.kind, secrets.project) == (kind, "111111111111")
    assert "GOCSPX-secret" not in repr(secrets)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"type": "service_account"}, "key of a service account"),
        (TOKEN, "is a token file"),
        ({"hello": 1}, "something else"),
        ({"installed": {"client_id": "1-a"}}, "lacks client_secret and auth_uri and token_uri"),
        ({"installed": CLIENT | {"client_id": "x-y"}}, "does not begin with a project number"),
        ("garbage", "not valid JSON"),
    ],
)
def test_another_file_than_client_secrets_is_told_apart(write, content, words):
    """The error says what the file is instead, and where to get the right one."""
    with pytest.raises(CredentialError, match=words) as caught:
        load_client_secrets(2, write(content))

    assert "Desktop app" in str(caught.value)


def test_a_token_of_another_project_than_its_secrets_is_an_error(write):
    """The set's calls would be counted in a pool nobody looks at."""
    token = load_token(1, write(TOKEN))
    other = CLIENT | {"client_id": "222222222222-x.apps.googleusercontent.com"}
    secrets = load_client_secrets(1, write({"installed": other}, "secrets.json"))

    with pytest.raises(CredentialError, match=r"mixes two projects.*111111111111.*222222222222"):
        check_same_project(token, secrets)


def test_a_secret_file_open_to_others_is_warned_about_once(write, caplog):
    """The warning names file and command; a bot that reads it every hour does not repeat it."""
    path = write(TOKEN, "open.json", mode=0o644)

    with caplog.at_level(logging.WARNING, "ytquota"):
        load_token(1, path)
        load_token(1, path)

    assert [record.getMessage().count("chmod 600") for record in caplog.records] == [1]


def test_a_saved_token_is_private_and_its_folder_too(tmp_path):
    """Mode 0600 in a folder of mode 0700, made if it is missing, whatever the umask."""
    path = tmp_path / "new" / "token.json"
    before = os.umask(0)
    try:
        with token_lock(path):
            save_token(path, TOKEN)
    finally:
        os.umask(before)

    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert json.loads(path.read_text()) == TOKEN


def test_saving_through_a_link_keeps_the_link(tmp_path):
    """Mounted secrets are often links; the file behind is replaced, not the link."""
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("{}")
    link.symlink_to(real)

    with token_lock(link):
        save_token(link, TOKEN)

    assert link.is_symlink()
    assert json.loads(real.read_text()) == TOKEN


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    """Killed at any moment, the file holds the old or a new token; leftovers are cleared away."""
    path = tmp_path / "token.json"
    replace_json(path, {"turn": -1, "filler": "x" * 200_000})
    program = (
        "import sys; from pathlib import Path; from ytquota.auth.tokens import save_token, token_lock\n"
        "path = Path(sys.argv[1]); print('ready', flush=True)\n"
        "for turn in range(10**6):\n"
        "    with token_lock(path): save_token(path, {'turn': turn, 'filler': 'x' * 200_000})\n"
    )
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(20):  # some turns on, at a moment nobody chose
            json.loads(path.read_text())
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert len(json.loads(path.read_text())["filler"]) == 200_000
    with token_lock(path):
        save_token(path, TOKEN)

    assert {file.name for file in tmp_path.iterdir()} == {"token.json", "token.json.lock"}


def test_a_lock_that_is_never_given_back_is_an_error_that_names_it(tmp_path):
    """A stopped process must not stop all others for ever without a word."""
    path = tmp_path / "token.json"
    with (
        alone_with(path),
        pytest.raises(CredentialError, match=r"token\.json\.lock"),
        alone_with(path, patience=0.05),
    ):
        pass
