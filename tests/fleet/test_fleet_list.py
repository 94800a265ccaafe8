"""A list that is wrong says what is wrong, where, and what to do; secrets in it are never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ytquota.errors import SettingsError
from ytquota.monitor.fleet import FleetList, Listed

GOOD = '[[ledger]]\nname = "studio"\naddress = "bots"\n'


def test_a_list_has_ledgers_owners_and_names(write_list, tmp_path, monkeypatch):
    """Folders count from the file's own; variables of the environment are filled in."""
    monkeypatch.setenv("QUOTA_PASSWORD", "hush")
    fleet = FleetList.load(
        write_list(
            GOOD + 'owner = "Anna"\nsets = { 10 = "Ben", own = "Clara" }\nhosts = { attic = "Dora" }\n',
            '[[ledger]]\nname = "quota"\naddress = "redis://:${QUOTA_PASSWORD}@quota:6379/1"\n',
            more='[projects]\n482913375516 = "Shows"\n"key:0123456789ab" = "Old key"\n',
        )
    )

    studio, quota = fleet.ledgers
    assert studio.address == str(tmp_path / "bots")
    assert quota.address == "redis://:hush@quota:6379/1"
    assert [studio.owner_of(*call) for call in ((), ("10",), ("10", "attic"), ("2", "attic"), ("own",))] == [
        "Anna", "Ben", "Ben", "Dora", "Clara",
    ]  # fmt: skip
    assert fleet.name_of("482913375516") == "Shows"
    assert fleet.name_of("1") == "1"
    assert fleet.number_of("Shows") == "482913375516"
    assert fleet.number_of("1") == "1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it lists no ledger"),
        ("[ledger]\nname = 'a'\n", "it lists no ledger"),
        ("ledger = [1]\n", "[[ledger]]"),
        ("[[ledger]\n", "no TOML"),
        ("[[ledger]]\nname = 'a'\n", "ledger 'a' has no address"),
        ("[[ledger]]\naddress = 'a'\n", "ledger 1 has no name"),
        ("[[ledger]]\nname = 1\naddress = 'a'\n", "ledger 1: name must be a word"),
        ("[[ledger]]\nname = ' '\naddress = 'a'\n", "name must be a word"),
        ("[[ledger]]\nname = 'a\u0007'\naddress = 'a'\n", "no TOML"),
        (f"[[ledger]]\nname = '{'a' * 61}'\naddress = 'a'\n", "at most 60"),
        ("[[ledger]]\nname = 'a'\naddress = 3\n", "address must be"),
        ("[[ledger]]\nname = 'a'\naddress = ''\n", "address must be"),
        ("[[ledger]]\nname = 'a'\naddress = '~nobody-here/x'\n", "no usable path"),
        (GOOD + "adress = 'x'\n", "did you mean address?"),
        (GOOD + "[project]\n1 = 'x'\n", "did you mean projects?"),
        (GOOD + "sets = { x = 'Ben' }\n", "no number of a credential set"),
        (GOOD + "sets = { 1 = 2 }\n", "sets: 1 must be a word"),
        (GOOD + "hosts = ['a']\n", "hosts must be a table"),
        (GOOD + GOOD, "two ledgers have the name 'studio'"),
        (GOOD + GOOD.replace("studio", "attic"), "two ledgers have the address"),
        (GOOD + "[projects]\nshows = 'x'\n", "no project number"),
        (GOOD + "[projects]\n1 = '2'\n", "looks like a number"),
        (GOOD + "[projects]\n1 = 'x'\n2 = 'x'\n", "two projects have the name 'x'"),
        (GOOD.replace("bots", "redis://${NOT_SET_ANYWHERE}@x"), "environment variable NOT_SET_ANYWHERE"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_entry(write_list, text, says):
    """One sentence; nothing is guessed."""
    path = write_list(text)

    with pytest.raises(SettingsError) as raised:
        FleetList.load(path)

    assert str(path) in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value).partition("no TOML")[0]


def test_the_list_of_the_documents_is_right(write_list, monkeypatch):
    """Whoever copies it starts from a list that can be read."""
    page = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("QUOTA_PASSWORD", "hush")

    fleet = FleetList.load(write_list(example))

    assert [(one.name, one.owner) for one in fleet.ledgers] == [
        ("studio", "Anna"), ("crawlers", "Research"), ("farm", "Research"),
    ]  # fmt: skip
    assert fleet.ledgers[1].label == "redis://quota-host:6379/0"
    assert len(fleet.projects) == 2


def test_a_list_that_is_not_there_is_told(tmp_path):
    """With where to read how to write one."""
    with pytest.raises(SettingsError, match=r"does not exist; docs/fleet\.md"):
        FleetList.load(tmp_path / "fleet.toml")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://user:hush@host:6379/0?password=hush", "redis://host:6379/0"),
        ("rediss://:hush@host/0", "rediss://host/0"),
        ("unix://:hush@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("s3://key:hush@bucket/prefix", "s3://bucket/prefix"),
        ("redis://:hush@host:no-port/0", "redis://***"),
        ("memory://box", "memory://box"),
        ("/srv/bots", "/srv/bots"),
    ],
)
def test_no_password_is_shown(address, shown):
    """Neither by the label nor by a repr."""
    listed = Listed("a", address)

    assert listed.label == shown
    assert "hush" not in repr(listed)


def test_two_addresses_that_are_the_same_hide_their_password(write_list):
    """Also in the complaint about them."""
    twice = '[[ledger]]\nname = "{}"\naddress = "redis://:hush@host/0"\n'

    with pytest.raises(SettingsError) as raised:
        FleetList.load(write_list(twice.format("a"), twice.format("b")))

    assert "hush" not in str(raised.value)
