"""What addresses and client ids tell: each fact is stated once, and asked for by all parts."""

from __future__ import annotations

import pytest

from ytquota.addresses import is_loopback, without_secrets
from ytquota.errors import SettingsError
from ytquota.projects import project_of_client
from ytquota.settings import Settings


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("[::1]", True),
        ("127.999.1.1", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.example", False),
        ("www.googleapis.com", False),
        ("[::2]", False),
        ("", False),
    ],
)
def test_loopback_is_what_the_standards_say(host, is_here):
    """Plain http is allowed there and nowhere else."""
    assert is_loopback(f"http://{host}:8080/") is is_here
    try:
        Settings.load({"YTQUOTA_API_ENDPOINT": f"http://{host}:8080"})
    except SettingsError:
        assert not is_here
    else:
        assert is_here


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://host", "redis://host"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:hush@host:6379/0", "redis://host:6379/0"),
        ("rediss://user:hush@host/1?ssl_ca=/ca", "rediss://host/1"),
        ("redis://:hu/sh@hush@host", "redis://host"),
        ("redis://:1/hush@host", "redis://host"),
        ("redis://:hu?sh@host", "redis://***"),
        ("redis://user:hush", "redis://***"),
        ("unix:///tmp/redis.sock?db=0&password=hush", "unix:///tmp/redis.sock"),
        ("unix:///tmp/redis.sock?password=hu@sh", "unix://***"),
        ("redis://:hush@[::1]:6379", "redis://[::1]:6379"),
        ("s3://bucket/folder", "s3://bucket/folder"),
        ("journal", "journal"),
        ("/home/bot/memory", "/home/bot/memory"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(address, shown):
    """Also where its password was not percent-encoded and could be taken for something else."""
    assert without_secrets(address) == shown


@pytest.mark.parametrize(
    ("client_id", "project"),
    [
        ("482913375516-x.apps.googleusercontent.com", "482913375516"),
        ("482913375516", None),
        ("\N{SUPERSCRIPT TWO}-x", None),
        ("\N{ARABIC-INDIC DIGIT TWO}-x", None),
        ("-x", None),
        ("", None),
        (None, None),
        (482913375516, None),
    ],
)
def test_a_project_is_the_digits_before_the_first_dash(client_id, project):
    """Nothing else is a project number, in whatever file or object it stands."""
    assert project_of_client(client_id) == project
