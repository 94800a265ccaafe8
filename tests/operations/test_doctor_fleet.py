"""The doctor looks at the fleet's list, and at what it names."""

from __future__ import annotations

import pytest


@pytest.fixture
def listed(bot):
    """A healthy bot whose settings name a list; the function writes it."""
    bot.setting("YTQUOTA_FLEET", "fleet.toml")

    def write(text, mode=0o644):
        path = bot.folder / "fleet.toml"
        path.write_text(text)
        path.chmod(mode)
        return bot.look("fleet")

    return write


OWN = '[[ledger]]\nname = "here"\naddress = "."\n'


def test_a_list_that_is_right_is_no_finding(bot, listed):
    """Nor is having none."""
    assert listed(OWN) == []
    bot.setting("YTQUOTA_FLEET")
    assert bot.look("fleet") == []


def test_a_wrong_list_is_told_with_its_entry(listed):
    """A warning: no bot reads it."""
    (found,) = listed(OWN + "adress = 'x'\n")

    assert (found.severity, found.fixable) == ("warning", False)
    assert "did you mean address?" in found.what
    assert "docs/fleet.md" in found.remedy


def test_a_ledger_that_cannot_be_looked_at_is_told(listed):
    """With its remedy."""
    (found,) = listed(OWN + '[[ledger]]\nname = "gone"\naddress = "gone"\n')

    assert found.subject == "ledger gone of fleet.toml"
    assert "There is no folder" in found.what
    assert "mounted" in found.remedy


def test_two_ledgers_that_count_apart_are_told(bot, listed, tmp_path):
    """As the view does."""
    other = tmp_path / "other"
    bot.count(times=2)
    (other / "calls").mkdir(parents=True)
    for path in (bot.memory / "calls").glob("*/*.jsonl"):
        there = other / "calls" / path.parent.name / path.name
        there.parent.mkdir()
        there.write_bytes(path.read_bytes().replace(b'"id":"2', b'"id":"x'))  # of another first hold

    found = listed(OWN + f'[[ledger]]\nname = "other"\naddress = "{other}"\n')

    assert [("do not know of each other" in one.what, "share a Redis" in one.remedy) for one in found] == [
        (True, True)
    ]


@pytest.mark.parametrize(
    ("address", "mode", "count"),
    [
        ("memory://user:hush@box", 0o644, 1),
        ("memory://user:hush@box", 0o600, 0),
        ("memory://user:${HUSH}@box", 0o644, 0),
    ],
)
def test_a_password_that_others_can_read_is_told_and_not_shown(listed, monkeypatch, address, mode, count):
    """A variable of the environment is no password in the file."""
    monkeypatch.setenv("HUSH", "hush")

    found = [
        one
        for one in listed(f'[[ledger]]\nname = "a"\naddress = "{address}"\n', mode)
        if "chmod" in one.remedy
    ]

    assert len(found) == count
    assert "hush" not in repr(found)
