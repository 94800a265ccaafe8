"""From the credentials of a bot that ran before ytquota to a .env that names them."""

from __future__ import annotations

import json
import pickle
import stat

import pytest
from google.oauth2.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from ytquota.auth.nearby import Credential, look_around, propose, write
from ytquota.settings import Settings

CLIENT = "111111111111-abc.apps.googleusercontent.com"
OTHER = "222222222222-xyz.apps.googleusercontent.com"
SECRET = "GOCSPX-not-to-be-seen"


def put(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def client(client_id=CLIENT, kind="installed"):
    return {
        kind: {
            "client_id": client_id,
            "client_secret": SECRET,
            "auth_uri": "https://a",
            "token_uri": "https://t",
        }
    }


def token(client_id=CLIENT):
    return {
        "client_id": client_id,
        "client_secret": SECRET,
        "refresh_token": "1//" + SECRET,
        "token": "ya29." + SECRET,
    }


def test_a_quickstart_bot_is_understood_at_once(run, bot_folder):
    """client_secret.json and token.json become set 1; it is ready, and no secret was shown."""
    put(bot_folder / "client_secret_1.json", client())
    put(bot_folder / "token.json", token())

    result = run("init", "--yes")

    assert result.exit_code == 0
    assert (bot_folder / ".env").read_text().splitlines()[1:] == [
        "GOOGLE_CLIENT_SECRETS_FILE_1=client_secret_1.json",
        "OAUTH_TOKEN_FILE_1=token.json",
    ]
    assert stat.S_IMODE((bot_folder / ".env").stat().st_mode) == 0o600
    assert "project 111111111111" in result.stdout
    assert SECRET not in result.stdout + result.stderr
    [one] = json.loads(run("sets", "--json").stdout)["sets"]
    assert (one["state"], one["project"]) == ("ready", "111111111111")


def test_tokens_are_paired_with_their_own_client(run, bot_folder):
    """By the client id, not by the names of files; a client without a token needs a login."""
    put(bot_folder / "a.json", client(OTHER, "web"))
    put(bot_folder / "keys" / "b.json", client())
    put(bot_folder / "keys" / "mine.json", token())

    report = json.loads(run("init", "--yes", "--json").stdout)

    assert report["lines"] == [
        "GOOGLE_CLIENT_SECRETS_FILE_1=keys/b.json",
        "OAUTH_TOKEN_FILE_1=keys/mine.json",
        "GOOGLE_CLIENT_SECRETS_FILE_2=a.json",
        "OAUTH_TOKEN_FILE_2=token_2.json",
    ]
    assert report["logins"] == [2]
    assert Settings.load({}, start=bot_folder).sets.keys() == {1, 2}


def test_a_number_in_the_names_is_the_sets(run, bot_folder):
    """Of the token first, else of the client; others take what is free, and keys come after."""
    put(bot_folder / "client_secret_10.json", client())
    put(bot_folder / "oauth_token_10.json", token())
    put(bot_folder / "client_secret_3.json", client(OTHER))
    put(bot_folder / "token.json", token("333333333333-k.apps.googleusercontent.com"))
    (bot_folder / ".env").write_text("GOOGLE_API_KEY=AIzaOnlyHere\n")

    report = json.loads(run("init", "--yes", "--json").stdout)

    assert report["lines"] == [
        "GOOGLE_CLIENT_SECRETS_FILE_1=client_secrets_1.json",
        "OAUTH_TOKEN_FILE_1=token.json",
        "GOOGLE_CLIENT_SECRETS_FILE_3=client_secret_3.json",
        "OAUTH_TOKEN_FILE_3=token_3.json",
        "GOOGLE_CLIENT_SECRETS_FILE_10=client_secret_10.json",
        "OAUTH_TOKEN_FILE_10=oauth_token_10.json",
        "YOUTUBE_API_KEY_2=${GOOGLE_API_KEY}",
    ]
    assert (report["logins"], report["absent"]) == ([3], ["client_secrets_1.json"])


def test_a_token_without_its_client_is_told_what_a_login_will_lack(run, bot_folder):
    """Before anything is written."""
    put(bot_folder / "token.json", token())

    asked = run("init", answer="n\n").stdout

    assert f"{bot_folder / 'client_secrets_1.json'} does not exist. The token works without it" in asked


def test_what_the_env_says_stays_and_its_key_is_named_not_copied(run, bot_folder):
    """Lines are only added; the key stands in one place."""
    before = "# mine\nGOOGLE_API_KEY=AIzaOnlyHere\nOTHER=1"
    (bot_folder / ".env").write_text(before)

    assert run("init", "--yes").exit_code == 0

    text = (bot_folder / ".env").read_text()
    assert text.startswith(before + "\n\n#")
    assert text.count("AIzaOnlyHere") == 1
    assert Settings.load({}, start=bot_folder).sets[1].api_key.reveal() == "AIzaOnlyHere"


def test_nothing_is_written_without_a_yes(run, bot_folder):
    """Shown first, asked; with nobody there to be asked, bad usage."""
    put(bot_folder / "token.json", token())

    asked = run("init", answer="n\n")

    assert (asked.exit_code, "OAUTH_TOKEN_FILE_1=token.json" in asked.stdout) == (1, True)
    assert run("init").exit_code == 2
    assert not (bot_folder / ".env").exists()


def test_an_empty_folder_gets_the_usual_places(run, bot_folder):
    """It says where to put the file that is missing, and what to run then."""
    result = run("init", "--yes")

    assert "No credentials lie in" in result.stdout
    assert str(bot_folder / "credentials/client_secrets_1.json") in result.stdout
    assert "ytquota login 1" in result.stdout


def test_sets_that_are_named_already_are_left_alone(run, furnished):
    """The file does not change, and --json says so."""
    before = (furnished / ".env").read_bytes()

    report = json.loads(run("init", "--yes", "--json").stdout)

    assert (report["changed"], (furnished / ".env").read_bytes()) == (False, before)
    assert "1, 3, 10" in report["message"]


def test_of_no_use_is_said_and_never_opened(run, bot_folder, monkeypatch):
    """A pickled token and a service account are told apart; the pickle is not loaded."""
    (bot_folder / "token.pickle").write_bytes(pickle.dumps(Credentials("x")))
    put(bot_folder / "robot.json", {"type": "service_account", "private_key": SECRET})
    monkeypatch.setattr(pickle, "loads", None)

    result = run("init", "--yes")

    assert "pickled token   token.pickle: A pickle can run anything" in result.stdout
    assert "service account robot.json: YouTube does not accept" in result.stdout


@settings(deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: (
            st.lists(one)
            | st.dictionaries(
                st.sampled_from(["installed", "web", "client_id", "client_secret", "refresh_token", "type"]),
                one,
            )
        ),
    )
)
def test_any_json_is_looked_at_without_harm(tmp_path_factory, content):
    """Whatever lies there: no error, and nothing but a credential is taken for one."""
    folder = tmp_path_factory.mktemp("any")
    put(folder / "x.json", content)

    for one in look_around(folder, {}):
        assert isinstance(content, dict)
        assert one.kind == "service account" or one.project.isdecimal()


@pytest.mark.parametrize(
    "name", ["my bot/tok en.json", "it's #1.json", "a$HOME.json", "back\\slash.json", "ünï.json"]
)
def test_any_file_name_comes_back_from_the_env(tmp_path, name):
    """Blanks, quotes, hashes, dollars: what is written is what is read."""
    put(tmp_path / name, token())

    write(Settings.load({}, start=tmp_path), propose(look_around(tmp_path, {})))

    assert Settings.load({}, start=tmp_path).sets[1].token_file == (tmp_path / name).resolve()


def test_a_credential_shows_no_secret(tmp_path):
    """Its repr holds names and numbers only."""
    put(tmp_path / "token.json", token())

    [one] = look_around(tmp_path, {})

    assert one == Credential("token", "token.json", CLIENT, "111111111111")
    assert SECRET not in repr(one)
