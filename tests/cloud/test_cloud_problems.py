"""Whatever keeps Google's figures from us ends in one sentence that says what to click."""

from __future__ import annotations

import json
import pickle
import re
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota.cloud import Cloud, CloudError, connect
from ytquota.cloud.accounts import Account
from ytquota.cloud.problems import MONITORING, Attempt, explain
from ytquota.errors import SettingsError
from ytquota.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from ytquota.sandbox import Sandbox

PROJECT, OTHER = "111111111111", "222222222222"
MIDNIGHT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CloudOf = "Callable[[dict[str, Any]], Cloud]"

_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z])")


def refusal(cloud: Cloud, project: str = PROJECT) -> CloudError:
    """The one sentence that reading ends in."""
    with pytest.raises(CloudError) as caught:
        cloud.usage(project, MIDNIGHT)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert not _SENTENCE_END.search(text), text
    assert "Traceback" not in text
    return caught.value


def reader(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.service_account(PROJECT)


def no_role(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.service_account(PROJECT, roles=("roles/cloudquotas.viewer",))


def switched_off(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.disable_api("monitoring", PROJECT)
    return reader(sandbox)


def deleted_key(sandbox: Sandbox) -> dict[str, Any]:
    key = reader(sandbox)
    sandbox.break_login(key["client_email"], "key deleted")
    return key


def replaced_key(sandbox: Sandbox) -> dict[str, Any]:
    old = reader(sandbox)
    sandbox.service_account(PROJECT)
    return old


def deleted_account(sandbox: Sandbox) -> dict[str, Any]:
    return reader(sandbox) | {"client_email": "gone@sandbox-111111111111.iam.gserviceaccount.com"}


def revoked_login(sandbox: Sandbox) -> dict[str, Any]:
    sandbox_login = sandbox.cloud_login(PROJECT)
    sandbox.break_login("person@example.com", "revoked")
    return sandbox_login


def ended_session(sandbox: Sandbox) -> dict[str, Any]:
    sandbox_login = sandbox.cloud_login(PROJECT)
    sandbox.break_login("person@example.com", "session ended")
    return sandbox_login


def foreign_quota_project(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.cloud_login(PROJECT, quota_project=OTHER)


def youtube_login(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.issue_token(PROJECT) | {"type": "authorized_user"}


def unknown_scopes(sandbox: Sandbox) -> dict[str, Any]:
    scope = "https://www.googleapis.com/auth/youtube.readonly"
    return sandbox.cloud_login(PROJECT, scopes=[scope])


def too_busy(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.fail("monitoring", 429, times=9, body={"error": {"code": 429, "message": "slow down"}})
    return reader(sandbox)


def in_trouble(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.fail("monitoring", 503, times=9, body="<html>no JSON</html>")
    return reader(sandbox)


def not_found(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.fail("monitoring", 404, times=9, body={"error": {"code": 404, "message": "no such project"}})
    return reader(sandbox)


def stopped(sandbox: Sandbox) -> dict[str, Any]:
    key = reader(sandbox)
    sandbox.stop()
    return key


@pytest.mark.parametrize(
    ("furnish", "reason", "words"),
    [
        (
            no_role,
            "no_role",
            ["reader@", "Monitoring Viewer", "roles/monitoring.viewer", f"iam?project={PROJECT}"],
        ),
        (switched_off, "api_disabled", ["Cloud Monitoring API", "Enable", f"project={PROJECT}"]),
        (deleted_key, "key_refused", ["reader@", "add a key", "/iam-admin/serviceaccounts?project="]),
        (replaced_key, "key_refused", ["add a key"]),
        (deleted_account, "key_refused", ["gone@", "no longer exists", "/iam-admin/serviceaccounts"]),
        (revoked_login, "login_ended", ["gcloud auth application-default login"]),
        (ended_session, "login_ended", ["gcloud auth application-default login"]),
        (foreign_quota_project, "quota_project", ["Service Usage Consumer", f"iam?project={OTHER}"]),
        (youtube_login, "scope", ["gcloud auth application-default login", "YTQUOTA_CLOUD_CREDENTIALS"]),
        (unknown_scopes, "scope", ["gcloud auth application-default login"]),
        pytest.param(too_busy, "busy", ["in a minute"], marks=pytest.mark.slow),
        pytest.param(in_trouble, "trouble", ["503", "try again"], marks=pytest.mark.slow),
        (not_found, "no_project", [PROJECT, "welcome"]),
        (stopped, "unreachable", ["127.0.0.1", "YTQUOTA_CLOUD_ENDPOINT", "network"]),
    ],
)
def test_every_problem_says_what_to_do(
    sandbox: Sandbox, cloud_of: Any, furnish: Any, reason: str, words: list[str]
) -> None:
    """The real client meets the real answer; what comes out is one sentence with the remedy."""
    problem = refusal(cloud_of(furnish(sandbox)))
    assert problem.reason == reason
    assert [word for word in words if word not in str(problem)] == []
    assert problem.address in str(problem)


def test_half_an_answer_is_none(sandbox: Sandbox, cloud_of: Any) -> None:
    """Figures that Google itself calls incomplete would read as less use than there was."""
    sandbox.fail("monitoring", 200, body={"timeSeries": [], "executionErrors": [{"code": 14}]})
    problem = refusal(cloud_of(reader(sandbox)))
    assert problem.reason == "trouble"
    assert "in part" in str(problem)


def test_somebody_elses_project_is_no_access(sandbox: Sandbox, cloud_of: Any) -> None:
    """Google does not say whether a project exists; the sentence says both."""
    problem = refusal(cloud_of(reader(sandbox)), OTHER)
    assert problem.reason == "no_role"
    assert f"project={OTHER}" in problem.address
    assert "number is wrong" in str(problem)


def test_a_login_without_a_project_counts_for_the_one_it_reads(sandbox: Sandbox, cloud_of: Any) -> None:
    """What gcloud leaves out on some machines is no problem for an owner of the project."""
    cloud = cloud_of(sandbox.cloud_login(PROJECT, quota_project=None))
    assert cloud.usage(PROJECT, MIDNIGHT) == []


def test_the_answer_to_a_login_without_a_project_is_known(sandbox: Sandbox) -> None:
    """Should Google all the same ask for a project, the sentence gives the command."""
    body = {
        "error": {
            "code": 403,
            "message": "The monitoring.googleapis.com API requires a quota project, which is not set.",
            "status": "PERMISSION_DENIED",
            "details": [{"reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/764086051850"}}],
        }
    }
    problem = explain(HttpLike(403, body), attempt())
    assert problem.reason == "quota_project"
    assert f"set-quota-project {PROJECT}" in str(problem)


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (None, "bad_file", ["There is no file", "YTQUOTA_CLOUD_CREDENTIALS"]),
        ("", "bad_file", ["download"]),
        ("{", "bad_file", ["download"]),
        ("[1]", "bad_file", ["download"]),
        ('{"type": "service_account"}', "bad_file", ["no complete", "download"]),
        (
            '{"type": "service_account", "client_email": "a@b", "token_uri": "x", "private_key": "no"}',
            "bad_file",
            [],
        ),
        ('{"type": "authorized_user", "client_id": "x"}', "bad_file", ["no complete"]),
        ('{"type": "something_new"}', "bad_file", ["download"]),
        ('{"installed": {"client_id": "1-a"}}', "wrong_file", ["OAuth client", "service account"]),
        ("AIzaSyA-not-to-be-shown", "api_key", ["not to API keys", "serviceaccounts"]),
        (b"\xff\xfe", "bad_file", ["cannot be read"]),
    ],
)
def test_a_file_that_is_no_account_is_told_at_once(
    tmp_path: Path, content: str | bytes | None, reason: str, words: list[str]
) -> None:
    """Before anything is sent: which file, what it is, and where the right one comes from."""
    path = tmp_path / "account.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CloudError) as caught:
        connect(Settings(root=tmp_path, cloud_credentials=path))
    text = str(caught.value)
    assert caught.value.reason == reason
    assert [word for word in words if word not in text] == []
    assert "AIza" not in text
    assert not _SENTENCE_END.search(text), text


def test_an_api_key_in_the_setting_is_refused_unseen(tmp_path: Path) -> None:
    """The setting wants a file; a key put there is not shown in the error."""
    with pytest.raises(SettingsError, match="service account") as caught:
        Settings.load({"YTQUOTA_CLOUD_CREDENTIALS": "AIzaSyA-not-to-be-shown"}, start=tmp_path)
    assert "AIza" not in str(caught.value)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any account: no variable, no gcloud, no server of Google's around it."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "")


@pytest.mark.usefixtures("nobody")
def test_without_any_account_the_ways_to_one_are_named(tmp_path: Path) -> None:
    """Both ways: a service account's key, and gcloud's login."""
    with pytest.raises(CloudError) as caught:
        connect(Settings(root=tmp_path))
    assert caught.value.reason == "no_credentials"
    assert "YTQUOTA_CLOUD_CREDENTIALS" in str(caught.value)
    assert "gcloud auth application-default login" in str(caught.value)


@pytest.mark.usefixtures("nobody")
def test_application_default_credentials_are_found(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Google's own variable, and where gcloud puts them."""
    settings = Settings(root=tmp_path, cloud_endpoint=sandbox.url)
    path = tmp_path / "gcloud" / "application_default_credentials.json"
    path.parent.mkdir()
    path.write_text(json.dumps(sandbox.cloud_login(PROJECT)), encoding="utf-8")
    assert connect(settings).usage(PROJECT, MIDNIGHT) == []
    key = tmp_path / "key.json"
    key.write_text(json.dumps(sandbox.service_account(PROJECT)), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert connect(settings).account.kind == "service account"


def test_the_servers_written_by_the_sandbox_are_enough(sandbox: Sandbox, tmp_path: Path) -> None:
    """`write_env(cloud=True)` gives settings by which all its projects can be read."""
    path = sandbox.write_env(tmp_path, {1: PROJECT, 10: OTHER}, cloud=True)
    settings = Settings.load({}, start=path.parent)
    cloud = connect(settings)
    assert [cloud.usage(project, MIDNIGHT) for project in (PROJECT, OTHER)] == [[], []]
    assert settings.cloud_credentials is not None
    assert settings.cloud_credentials.stat().st_mode & 0o777 == 0o600


def test_no_secret_is_shown(sandbox: Sandbox, cloud_of: Any) -> None:
    """Neither the account nor its problems show keys or tokens."""
    key = sandbox.service_account(PROJECT)
    cloud = cloud_of(key)
    login = cloud_of(sandbox.cloud_login(PROJECT))
    shown = f"{cloud.account} {cloud!r} {login.account}"
    assert "PRIVATE KEY" not in shown
    assert "1//0" not in shown
    assert "GOCSPX" not in shown


def test_a_problem_survives_the_way_between_processes() -> None:
    """A worker hands the error back whole."""
    problem = CloudError("Do this.", reason="no_role", address="https://x")
    again = pickle.loads(pickle.dumps(problem))
    assert (str(again), again.reason, again.address) == ("Do this.", "no_role", "https://x")


class HttpLike(Exception):  # noqa: N818
    """Shaped as googleapiclient's error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__("an error")
        self.resp = type("Response", (), {"status": status})
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()


def attempt() -> Attempt:
    return Attempt(MONITORING, Account("login", "The login in x", "your Google account", "x"), PROJECT)


bodies = st.recursive(
    st.none()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["SERVICE_DISABLED", "CREDENTIALS_MISSING"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "details", "reason", "metadata", "consumer", "message"]), inner
        )
    ),
    max_leaves=12,
)


@given(status=st.integers(100, 599), body=bodies | st.binary(max_size=60))
def test_any_answer_ends_in_a_sentence(status: int, body: Any) -> None:
    """Whatever comes back, the problem is one line with a reason, and nothing raises."""
    problem = explain(HttpLike(status, body), attempt())
    assert problem.reason
    assert str(problem).endswith(".")
    assert "\n" not in str(problem)


def test_a_machine_that_does_not_answer_is_unreachable(
    tmp_path: Path, cloud_of: Any, sandbox: Sandbox
) -> None:
    """A port where nobody listens: the sentence speaks of the network, not of roles."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    account = cloud_of(sandbox.service_account(PROJECT)).account
    problem = refusal(Cloud(account, endpoint=address))
    assert problem.reason == "unreachable"
    assert str(problem).startswith(f"{address} (YTQUOTA_CLOUD_ENDPOINT) cannot be reached")
