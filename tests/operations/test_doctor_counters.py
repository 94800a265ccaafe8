"""The account that reads Google's own figures: its file, its mode, and whether it gets in."""

import pytest

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def reading(bot, sandbox):
    """The bot, with an account that may read both of its projects."""
    sandbox.write_env(bot.folder, {1: ONE, 10: TEN}, cloud=True)
    return bot


def warnings(bot, **options):
    return [one for one in bot.look("reconcile", **options) if one.severity == "warning"]


def test_an_account_that_gets_in_is_fine(reading):
    """Also when Google is asked; nothing is billed for the question."""
    assert warnings(reading) == []
    assert warnings(reading, ask_google=True) == []
    assert reading.sandbox.billed() == {}


def test_a_missing_or_wrong_file_is_found_without_asking(reading):
    """The file is named, and what to do."""
    reading.setting("YTQUOTA_CLOUD_CREDENTIALS", "credentials/none.json")
    (missing,) = warnings(reading)
    assert "credentials/none.json" in missing.what
    reading.setting("YTQUOTA_CLOUD_CREDENTIALS", "credentials/client_secret_1.json")
    (wrong,) = warnings(reading)
    assert "OAuth client" in wrong.what
    assert "service account" in wrong.what


def test_a_closed_project_is_found_by_asking(reading):
    """Of two projects the one that is closed, with the page to open; without asking nothing is said."""
    name = f"reader@sandbox-{ONE}.iam.gserviceaccount.com"
    reading.sandbox.revoke_roles(name, TEN)
    assert warnings(reading) == []
    (closed,) = warnings(reading, ask_google=True)
    assert closed.subject == f"project {TEN}"
    assert f"iam?project={TEN}" in closed.what


def test_a_key_that_others_can_read_is_closed(reading):
    """The key file counts among the files with secrets."""
    key = reading.folder / "credentials" / "cloud_reader.json"
    key.chmod(0o644)
    (open_file,) = [one for one in reading.look("modes") if one.subject == str(key)]
    assert "chmod 600" in open_file.remedy
