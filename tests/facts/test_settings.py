"""Settings come from the environment and a .env; wrong ones are errors that name the variable and the fix."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota.errors import SettingsError
from ytquota.settings import DEFAULT_SCOPE, Reserve, Secret, SetSettings, Settings
from ytquota.variables import VARIABLES, did_you_mean

REPOSITORY = Path(__file__).resolve().parents[2]
OAUTH_1 = {"GOOGLE_CLIENT_SECRETS_FILE_1": "a.json", "OAUTH_TOKEN_FILE_1": "b.json"}
OAUTH_10 = {"GOOGLE_CLIENT_SECRETS_FILE_10": "c.json", "OAUTH_TOKEN_FILE_10": "d.json"}


@pytest.fixture
def load(tmp_path):
    """Return a function that loads settings from variables alone, in an empty folder."""
    return lambda variables=(), **more: Settings.load(dict(variables) | more, start=tmp_path)


def write_env(folder, text):
    """Write a .env into a folder, which is made if need be, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".env").write_text(text, encoding="utf-8")
    return folder / ".env"


# -- where they come from


def test_without_anything_set_the_defaults_are_strict_and_local(load, tmp_path):
    """No sets, no rotation, a journal beside the work, and no call without a ledger."""
    assert load() == Settings(root=tmp_path)
    assert load().memory_dir == tmp_path / "memory"
    assert (load().ledger, load().fail_mode, load().log_format) == ("journal", "strict", "parquet")
    assert (load().scopes, load().rotation, load().price_profile) == ((DEFAULT_SCOPE,), (), "current")
    assert (load().admission, load().priorities) == ("enforce", {})


def test_the_env_file_is_found_from_below_and_its_folder_counts(tmp_path):
    """Two bots in different folders of one project get one ledger."""
    env_file = write_env(
        tmp_path,
        "YTQUOTA_MEMORY_DIR=state\nOAUTH_TOKEN_FILE_1=t.json\nGOOGLE_CLIENT_SECRETS_FILE_1=../s.json",
    )
    (tmp_path / "bots" / "chat").mkdir(parents=True)
    settings = Settings.load({}, start=tmp_path / "bots" / "chat")

    assert (settings.env_file, settings.root) == (env_file, tmp_path)
    assert settings.memory_dir == tmp_path / "state"
    assert settings.sets[1].token_file == tmp_path / "t.json"
    assert settings.sets[1].secrets_file == tmp_path.parent / "s.json"


def test_the_nearest_env_file_wins(tmp_path):
    """One in a bot's own folder hides the one above it."""
    write_env(tmp_path, "YTQUOTA_MEMORY_DIR=above")
    write_env(tmp_path / "bot", "YTQUOTA_MEMORY_DIR=own")

    assert Settings.load({}, start=tmp_path / "bot").memory_dir == tmp_path / "bot" / "own"


def test_the_environment_beats_the_env_file_and_is_left_alone(tmp_path, monkeypatch):
    """Reading settings must not change what other libraries see."""
    write_env(tmp_path, "YTQUOTA_FAIL_MODE=open\nYTQUOTA_OPEN_BUDGET=7\n")
    monkeypatch.setenv("YTQUOTA_FAIL_MODE", "strict")
    before = dict(os.environ)
    settings = Settings.load(start=tmp_path)

    assert (settings.fail_mode, settings.open_budget) == ("strict", 7)
    assert dict(os.environ) == before


def test_an_empty_value_means_the_default(tmp_path):
    """Also where the environment empties what the file sets; a line without = is as good as none."""
    write_env(tmp_path, "YTQUOTA_FAIL_MODE=open\nYTQUOTA_RESERVE=\nYTQUOTA_LEDGER\n")
    settings = Settings.load({"YTQUOTA_FAIL_MODE": " "}, start=tmp_path)

    assert (settings.fail_mode, settings.reserve, settings.ledger) == ("strict", Reserve(), "journal")


def test_a_file_from_a_windows_editor_is_read(tmp_path):
    """A byte order mark does not hide the first variable."""
    (tmp_path / ".env").write_bytes("\ufeffYTQUOTA_OPEN_BUDGET=5\r\n".encode())

    assert Settings.load({}, start=tmp_path).open_budget == 5


def test_a_file_that_is_no_utf_8_is_an_error_with_line_and_remedy(tmp_path):
    """Not a decoder's message, which would quote the file."""
    (tmp_path / ".env").write_bytes("YTQUOTA_OPEN_BUDGET=5\n\n# gr\xfcn\n".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"\.env, line 3: not written in UTF-8.*Save it as UTF-8"):
        Settings.load({}, start=tmp_path)


def test_a_line_without_a_name_is_told_once_by_its_number_and_never_quoted(tmp_path, caplog):
    """A forgotten `NAME=` may leave a secret alone on its line; the lines around it still hold."""
    write_env(
        tmp_path, "YTQUOTA_OPEN_BUDGET=5\n\n AIzaLost\nkey with: blanks\nexport A=1\r\nYTQUOTA_RESERVE='7'\n"
    )

    settings = Settings.load({}, start=tmp_path)
    Settings.load({}, start=tmp_path)

    told = [
        f"{tmp_path}/.env, line {line}: not written as NAME=value; the line is ignored" for line in (3, 4)
    ]
    assert list(settings.ignored) == told
    assert [record.getMessage() for record in caplog.records] == told
    assert (settings.open_budget, settings.reserve.amount) == (5, 7)


def test_a_script_started_elsewhere_finds_the_env_file_beside_it(tmp_path):
    """As from cron, whose working folder is the home folder."""
    write_env(tmp_path / "project", "YTQUOTA_OPEN_BUDGET=5")
    (tmp_path / "project" / "bots").mkdir()
    script = tmp_path / "project" / "bots" / "bot.py"
    script.write_text(
        "from ytquota.settings import Settings; s = Settings.load({}); print(s.root, s.open_budget)"
    )
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path / "home", capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(tmp_path / "project"), "5"]


# -- credential sets


def test_sets_have_sparse_numbers_and_one_of_two_kinds(load, tmp_path):
    """1 and 10 and nothing between; an API key set has a key, an OAuth set two files."""
    settings = load(OAUTH_10 | OAUTH_1, YOUTUBE_API_KEY_3="AIza", YTQUOTA_PROJECT_3="123")

    assert list(settings.sets) == [1, 3, 10]
    assert [each.kind for each in settings.sets.values()] == ["oauth", "api_key", "oauth"]
    assert settings.sets[10] == SetSettings(
        10, secrets_file=tmp_path / "c.json", token_file=tmp_path / "d.json"
    )
    assert settings.sets[3].api_key.reveal() == "AIza"
    assert settings.sets[3].project == "123"


def test_secrets_show_only_when_asked_by_name(load):
    """No repr, str or error of any part holds them."""
    settings = load(YOUTUBE_API_KEY_3="AIza-hush", YTQUOTA_LEDGER="redis://:hush@host:6379/0")

    assert (
        "hush"
        not in f"{settings} {settings!r} {settings.sets} {settings.sets[3].api_key} {settings.ledger_label}"
    )
    assert settings.ledger_label == "redis://host:6379/0"
    assert settings.ledger == "redis://:hush@host:6379/0"
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    with pytest.raises(SettingsError) as caught:
        load(YTQUOTA_LEDGER="rediss:/user:hush@host")
    assert "hush" not in str(caught.value)


# -- each variable


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("youtube.readonly", ["youtube.readonly"]),
        ("youtube.readonly,youtube.upload", ["youtube.readonly", "youtube.upload"]),
        ("youtube.readonly  youtube , youtube.upload,", ["youtube.readonly", "youtube", "youtube.upload"]),
        ("https://www.googleapis.com/auth/youtube youtube", ["youtube"]),
        (",", ["youtube.force-ssl"]),
    ],
)
def test_scopes_are_separated_by_commas_or_spaces_and_short_names_are_expanded(load, text, scopes):
    """Each once, in the order given."""
    expected = tuple(f"https://www.googleapis.com/auth/{scope}" for scope in scopes)

    assert load(YOUTUBE_SCOPES=text).scopes == expected


def test_limits_are_per_bucket_and_may_name_a_project(load):
    """The project's own limit goes before the general one; without either there is none."""
    settings = load(
        YTQUOTA_LIMIT_SEARCH_LIST="50",
        YTQUOTA_LIMIT_DEFAULT_123456789012="20_000",
        YTQUOTA_LIMIT_VIDEO_INSERT="6",
        YTQUOTA_LIMIT_VIDEO_INSERT_123456789012="0",
    )

    assert settings.limit_for("search_list", "1") == 50
    assert settings.limit_for("default", "123456789012") == 20_000
    assert settings.limit_for("default", "1") is None
    assert settings.limit_for("video_insert", "123456789012") == 0
    assert settings.limit_for("video_insert", None) == 6
    assert settings.limit_for("video_batch_get_stats", "1") is None


@pytest.mark.parametrize(
    ("text", "bucket", "units"),
    [
        ("500", "default", 500),
        ("500", "search_list", 0),
        ("20000", "default", 10_000),
        ("0", "default", 0),
        ("5%", "default", 500),
        ("2.5 %", "default", 250),
        ("0.001%", "default", 1),
        ("100%", "default", 10_000),
    ],
)
def test_a_reserve_is_units_of_the_default_bucket_or_a_share_of_any(load, text, bucket, units):
    """Five hundred units must not lock up the hundred searches."""
    assert load(YTQUOTA_RESERVE=text).reserve.units(10_000, bucket) == units


def test_a_share_is_kept_in_every_bucket(load):
    """Rounded up, so that a small bucket keeps something."""
    reserve = load(YTQUOTA_RESERVE="5%").reserve

    assert (reserve.units(100, "search_list"), reserve.units(6, "video_insert")) == (5, 1)


@given(st.integers(min_value=0, max_value=10**7), st.integers(min_value=0, max_value=10**8), st.floats(0, 1))
def test_a_reserve_never_exceeds_the_limit(amount, limit, share):
    """However it is given."""
    for reserve in (Reserve(amount), Reserve(share, is_share=True)):
        assert 0 <= reserve.units(limit) <= limit


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("YTQUOTA_LEDGER", "rediss://host:6379", "ledger", "rediss://host:6379"),
        ("YTQUOTA_LEDGER", "unix:///run/redis.sock", "ledger", "unix:///run/redis.sock"),
        ("YTQUOTA_LOG_FORMAT", "json", "log_format", "json"),
        ("YTQUOTA_FAIL_MODE", "open", "fail_mode", "open"),
        ("YTQUOTA_OPEN_BUDGET", "0", "open_budget", 0),
        ("YTQUOTA_PRICE_PROFILE", "pessimistic", "price_profile", "pessimistic"),
        ("YTQUOTA_ADMISSION", "shadow", "admission", "shadow"),
        ("YTQUOTA_PRIORITY_CHAT_BOT", "critical", "priorities", {"CHAT_BOT": "critical"}),
        ("YTQUOTA_API_ENDPOINT", "http://127.0.0.1:8080/", "api_endpoint", "http://127.0.0.1:8080"),
        ("YTQUOTA_API_ENDPOINT", "http://localhost:80", "api_endpoint", "http://localhost:80"),
        ("YTQUOTA_API_ENDPOINT", "http://[::1]:80", "api_endpoint", "http://[::1]:80"),
        ("YTQUOTA_API_ENDPOINT", "https://proxy.example", "api_endpoint", "https://proxy.example"),
        ("YTQUOTA_MEMORY_DIR", "/var/lib/../ytquota", "memory_dir", Path("/var/ytquota")),
        ("YTQUOTA_MEMORY_DIR", "~/quota", "memory_dir", Path("~/quota").expanduser()),
    ],
)
def test_a_right_value_is_taken(load, name, value, attribute, expected):
    """As it stands, with addresses and paths tidied."""
    assert getattr(load({name: value}), attribute) == expected


def test_a_prices_file_counts_from_the_root_and_must_exist(load, tmp_path):
    """Its rows are read only when a price book is loaded."""
    (tmp_path / "mine.csv").write_text("method,units\n")

    assert load(YTQUOTA_PRICES_FILE="mine.csv").prices_file == tmp_path / "mine.csv"


def test_a_rotation_lists_sets_in_order(load):
    """The preferred one first."""
    assert load(OAUTH_1 | OAUTH_10, YTQUOTA_ROTATION="10, 1").rotation == (10, 1)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"GOOGLE_CLIENT_SECRETS_FILE_2": "a"},
            ["GOOGLE_CLIENT_SECRETS_FILE_2", "set OAUTH_TOKEN_FILE_2 too"],
        ),
        ({"OAUTH_TOKEN_FILE_2": "a"}, ["OAUTH_TOKEN_FILE_2", "set GOOGLE_CLIENT_SECRETS_FILE_2 too"]),
        (
            OAUTH_1 | {"YOUTUBE_API_KEY_1": "k"},
            ["YOUTUBE_API_KEY_1", "either", "GOOGLE_CLIENT_SECRETS_FILE_1"],
        ),
        (
            {"OAUTH_TOKEN_FILE_1": "b", "YOUTUBE_API_KEY_1": "k"},
            ["YOUTUBE_API_KEY_1", "or OAUTH_TOKEN_FILE_1"],
        ),
        ({"YTQUOTA_PROJECT_7": "1"}, ["YTQUOTA_PROJECT_7", "no credential set 7", "YOUTUBE_API_KEY_7"]),
        (OAUTH_1 | {"YTQUOTA_PROJECT_1": "my-project"}, ["YTQUOTA_PROJECT_1", "number (digits)"]),
        (OAUTH_1 | {"YTQUOTA_ROTATION": "1,2"}, ["YTQUOTA_ROTATION", "'2' is no credential set", "sets (1)"]),
        (OAUTH_1 | {"YTQUOTA_ROTATION": "1,first"}, ["YTQUOTA_ROTATION", "'first' is no credential set"]),
        (OAUTH_1 | {"YTQUOTA_ROTATION": "1,1"}, ["YTQUOTA_ROTATION", "listed twice"]),
        ({"YTQUOTA_ROTATION": "1"}, ["YTQUOTA_ROTATION", "(none yet)"]),
        (
            {"YOUTUBE_SCOPES": "youtube.writeonly"},
            ["YOUTUBE_SCOPES", "'youtube.writeonly'", "youtube.upload"],
        ),
        ({"YOUTUBE_SCOPES": "http://www.googleapis.com/auth/youtube"}, ["YOUTUBE_SCOPES"]),
        (
            {"YTQUOTA_LIMIT_SEARCH_LIST": "lots"},
            ["YTQUOTA_LIMIT_SEARCH_LIST", "'lots' is not a whole number"],
        ),
        ({"YTQUOTA_LIMIT_DEFAULT_12": "10,000"}, ["YTQUOTA_LIMIT_DEFAULT_12", "without separators"]),
        ({"YTQUOTA_LIMIT_DEFAULT": "-1"}, ["YTQUOTA_LIMIT_DEFAULT"]),
        ({"YTQUOTA_LIMIT_DEFAULT": "_"}, ["YTQUOTA_LIMIT_DEFAULT"]),
        ({"YTQUOTA_LIMIT_DEFAULT": "1__0"}, ["YTQUOTA_LIMIT_DEFAULT"]),
        ({"YTQUOTA_LIMIT_DEFAULT": "9" * 5000}, ["YTQUOTA_LIMIT_DEFAULT"]),
        ({"YTQUOTA_MEMORY_DIR": "~nobody-here/x"}, ["YTQUOTA_MEMORY_DIR", "no usable path"]),
        ({"YTQUOTA_OPEN_BUDGET": "1.5"}, ["YTQUOTA_OPEN_BUDGET"]),
        ({"YTQUOTA_RESERVE": "much"}, ["YTQUOTA_RESERVE", "as 500", "as 5%"]),
        ({"YTQUOTA_RESERVE": "101%"}, ["YTQUOTA_RESERVE", "at most 100 %"]),
        ({"YTQUOTA_RESERVE": "-5"}, ["YTQUOTA_RESERVE"]),
        ({"YTQUOTA_LEDGER": "sqlite:///x"}, ["YTQUOTA_LEDGER", "journal", "redis://, rediss://, unix://"]),
        ({"YTQUOTA_LOG_FORMAT": "csv"}, ["YTQUOTA_LOG_FORMAT", "'csv' is none of parquet, json"]),
        ({"YTQUOTA_FAIL_MODE": "closed"}, ["YTQUOTA_FAIL_MODE", "strict, open"]),
        ({"YTQUOTA_PRICE_PROFILE": "cheap"}, ["YTQUOTA_PRICE_PROFILE", "current, pessimistic"]),
        ({"YTQUOTA_ADMISSION": "off"}, ["YTQUOTA_ADMISSION", "enforce, shadow"]),
        ({"YTQUOTA_PRIORITY_BOT": "urgent"}, ["YTQUOTA_PRIORITY_BOT", "'urgent'", "critical"]),
        ({"YTQUOTA_PRICES_FILE": "none.csv"}, ["YTQUOTA_PRICES_FILE", "no file", "none.csv"]),
        ({"YTQUOTA_API_ENDPOINT": "localhost:8080"}, ["YTQUOTA_API_ENDPOINT", "http://127.0.0.1:8080"]),
        ({"YTQUOTA_API_ENDPOINT": "ftp://x"}, ["YTQUOTA_API_ENDPOINT"]),
        ({"YTQUOTA_API_ENDPOINT": "http://127.0.0.1:port"}, ["YTQUOTA_API_ENDPOINT"]),
        ({"YTQUOTA_API_ENDPOINT": "http://[::1"}, ["YTQUOTA_API_ENDPOINT"]),
        ({"YTQUOTA_API_ENDPOINT": "http://api.example"}, ["YTQUOTA_API_ENDPOINT", "use https"]),
        ({"YTQUOTA_API_ENDPOINT": "http://127.evil.example"}, ["YTQUOTA_API_ENDPOINT", "use https"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_value_is_an_error_that_names_the_variable_and_the_fix(load, variables, words):
    """People are told which line to change, and to what."""
    with pytest.raises(SettingsError) as caught:
        load(variables)

    assert str(caught.value).startswith(words[0])
    assert [word for word in words if word not in str(caught.value)] == []


NAMES = st.sampled_from(VARIABLES) | st.sampled_from(
    ["YTQUOTA_LIMIT_DEFAULT", "YOUTUBE_API_KEY_1", "YTQUOTA_PROJECT_1", "OAUTH_TOKEN_FILE_1"]
)


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_characters="\0"), max_size=30), max_size=4))
def test_any_other_text_is_taken_or_refused_by_name(variables):
    """Nothing a person could type ends in another kind of error."""
    try:
        Settings.load(variables, start=Path("/"))
    except SettingsError as error:
        assert str(error).startswith(tuple(variables))  # noqa: PT017 - either outcome is right


def test_names_that_mean_nothing_are_listed_with_a_guess(load):
    """They are no error, since another version may know them; `doctor` shows them."""
    strange = {
        "YTQUOTA_RESERV": "5",
        "YTQUOTA_LIMIT_SEARCHLIST": "5",
        "YOUTUBE_API_KEY": "k",
        "OAUTH_TOKEN_FILE_01": "x",
        "PATH": "/bin",
    }
    settings = load(strange)

    assert settings.unknown == (
        "OAUTH_TOKEN_FILE_01",
        "YOUTUBE_API_KEY",
        "YTQUOTA_LIMIT_SEARCHLIST",
        "YTQUOTA_RESERV",
    )
    assert [did_you_mean(name) for name in settings.unknown[1:]] == [
        "YOUTUBE_API_KEY_1",
        "YTQUOTA_LIMIT_SEARCH_LIST",
        "YTQUOTA_RESERVE",
    ]
    assert did_you_mean("YTQUOTA_COLOUR_OF_THE_CURTAINS") == ""
    assert settings.sets == {}


# -- the example file


def example(*, all_on):
    """Return the example .env's text, with the lines that are commented out switched on or not."""
    text = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    return re.sub(r"^#(?=[A-Z])", "", text, flags=re.MULTILINE) if all_on else text


def test_the_example_can_be_copied_as_it_is(tmp_path):
    """With nothing switched on it gives one OAuth set and the defaults."""
    write_env(tmp_path, example(all_on=False))
    settings = Settings.load({}, start=tmp_path)

    assert list(settings.sets) == [1]
    assert settings.rotation == ()


def test_the_example_documents_every_setting_with_its_default(tmp_path):
    """Every variable is there, no other is, and each shown value is valid."""
    write_env(tmp_path, example(all_on=True).replace("YOUTUBE_API_KEY_3=", "YOUTUBE_API_KEY_3=key"))
    (tmp_path / "my_prices.csv").write_text("method,units\n")
    settings = Settings.load({}, start=tmp_path)
    shown = set(re.findall(r"^([A-Z]+_[A-Z_0-9]*)=", example(all_on=True), flags=re.MULTILINE))

    assert set(VARIABLES) <= shown
    assert settings.unknown == ()
    assert list(settings.sets) == [1, 3, 10]
    defaults = Settings(root=tmp_path)
    for name in (
        "scopes",
        "reserve",
        "memory_dir",
        "ledger",
        "log_format",
        "fail_mode",
        "open_budget",
        "price_profile",
    ):
        assert getattr(settings, name) == getattr(defaults, name)


def test_the_example_states_the_policy_beside_the_rotation():
    """Whoever switches rotation on has read what Google's terms say about it."""
    before = example(all_on=False).partition("#YTQUOTA_ROTATION=")[0][-1500:]
    said = " ".join(before.replace("#", "").split())

    assert "exactly one Google Cloud project" in said
    assert "breach" in said
    assert "audit" in said
    assert "another channel" in said
