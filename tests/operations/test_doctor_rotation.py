"""What the doctor says of the rotation list: whose name, whose project, and what the sets add."""

from __future__ import annotations

import pytest

from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def listed(bot):
    """The healthy bot with another rotation list, and the one finding about that."""

    def listed(numbers):
        bot.setting("YTQUOTA_ROTATION", numbers)
        return bot.look("rotation")

    return listed


def test_sets_of_different_channels_are_found(bot, listed):
    """It says who would speak. A login as the other channel is no cure here: it would count elsewhere."""
    bot.token(10, channel_id="UC-other", channel_title="Somebody else")

    (found,) = listed("1,10")

    assert (found.severity, found.subject) == ("warning", "YTQUOTA_ROTATION")
    assert "channel Bot's channel with set 1, channel Somebody else with set 10" in found.what
    assert "Keep the sets of one channel and one project, as in YTQUOTA_ROTATION=1, " in found.remedy
    assert "ytquota login" not in found.remedy
    assert listed("1") == []


def test_sets_of_different_channels_of_one_project_may_be_one_channel(bot, sandbox, listed):
    """There a login as the first channel is a cure."""
    sandbox.write_env(bot.folder, {1: ONE, 10: ONE})
    bot.token(1, channel_id="UC-one", channel_title="One")
    bot.token(10, channel_id="UC-ten", channel_title="Ten")

    voices, shared = listed("1,10")

    assert voices.remedy.endswith("or run `ytquota login 10` and consent as channel One.")
    assert (voices.severity, shared.severity) == ("warning", "note")


def test_one_channel_in_several_projects_is_found(bot, listed):
    """The textbook case of what Google's policies forbid; one project's sets are the cure."""
    (found,) = listed("1,10")

    assert (found.severity, found.subject) == ("warning", "YTQUOTA_ROTATION")
    assert "sets that speak for channel Bot's channel and count in different projects" in found.what
    assert f"set 1 in project {ONE} and set 10 in project {TEN}" in found.what
    assert "a breach" in found.what
    assert "YTQUOTA_ROTATION=1, " in found.remedy
    assert "`ytquota request`" in found.remedy
    assert listed("10") == []


def test_a_key_of_another_project_is_found(listed):
    """It reads for whoever has it: here for the one channel of the list."""
    (found,) = listed("10,3")

    assert "speak for channel Bot's channel or only read and count in different projects" in found.what
    assert f"set 10 in project {TEN} and set 3 in project {ONE}" in found.what


def test_two_keys_of_different_projects_are_found(bot, sandbox, listed):
    """No channel at all: keys that stand in for one another are one program's."""
    sandbox.write_env(bot.folder, {}, api_keys={3: ONE, 4: TEN})

    (found,) = listed("3,4")

    assert "sets that only read and count in different projects" in found.what


def test_a_key_beside_two_channels_is_nobodys(bot, listed):
    """Which of the two it reads for, nobody can say; the channels are told of."""
    bot.token(10, channel_id="UC-other", channel_title="Somebody else")

    voices, shared = listed("1,10,3")

    assert "different channels" in voices.what
    assert "YTQUOTA_ROTATION=1,3, " in voices.remedy
    assert shared.what.startswith(f"Sets 1 and 3 are of one project, {ONE}")


def test_sets_of_one_project_are_said_to_add_no_quota(bot, listed):
    """A note, since a spare login is a good reason to have them."""
    (found,) = listed("1,3")

    assert found.severity == "note"
    assert "share its quota" in found.what
    assert "adds no quota" in found.what


def test_a_channel_that_nobody_knows_is_noted(bot, listed):
    """A token that another program made does not tell; a login does."""
    bot.token(10, channel_id=None)

    (found,) = listed("1,10")

    assert found.severity == "note"
    assert "`ytquota login 10`" in found.remedy


def test_a_key_of_an_unknown_project_weighs_more_in_the_list(bot, sandbox):
    """Alone it is a note; where it may stand in for a set whose project it may share, a warning."""
    sandbox.write_env(bot.folder, {}, api_keys={3: ONE, 4: ONE}, name_projects=False)
    assert {found.severity for found in bot.look("key-project")} == {"note"}

    bot.setting("YTQUOTA_ROTATION", "3,4")

    assert Settings.load(start=bot.folder).rotation == (3, 4)
    found = bot.look("key-project")
    assert [(one.severity, one.subject) for one in found] == [("warning", "set 3"), ("warning", "set 4")]
    assert "may be of the same project as another set there" in found[0].what
    assert bot.look("rotation") == []
