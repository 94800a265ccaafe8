"""Limits come from Google's own list; requests for more go out only when meant to, and are followed."""

from __future__ import annotations

import builtins
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.cloudquotas_v1 import CloudQuotasClient
from google.cloud.cloudquotas_v1.services.cloud_quotas.transports.rest import CloudQuotasRestTransport

from ytquota.cloud import FORM, Cloud, CloudError, Preference
from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.clock import ManualClock
    from ytquota.sandbox import Sandbox

PROJECT, OTHER = "111111111111", "222222222222"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
ADMIN = ("roles/cloudquotas.admin",)
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z])")


@pytest.fixture
def admin(sandbox: Sandbox, cloud_of: Callable[[dict[str, Any]], Cloud]) -> Cloud:
    """Google's figures, as an account sees them that may ask for more."""
    return cloud_of(sandbox.service_account(PROJECT, name="asker", roles=ADMIN))


def ask(cloud: Cloud, value: int = 50_000, bucket: str = "default", *, dry_run: bool = False) -> Preference:
    return cloud.ask(
        PROJECT, bucket, value, justification="A chat bot.", contact="me@example.com", dry_run=dry_run
    )


def test_limits_are_those_of_the_project(sandbox: Sandbox, cloud: Cloud) -> None:
    """One for each bucket, per day, with the project's own figures; limits per minute are left out."""
    sandbox.add_project(PROJECT, limits={"search_list": 0, "default": 1_009_000})
    sandbox.per_minute(PROJECT, "search_list", 5)
    found = cloud.limits(PROJECT)
    expected = DEFAULT_LIMITS | {"search_list": 0, "default": 1_009_000}
    assert {limit.bucket: limit.value for limit in found} == expected
    assert {limit.quota_id for limit in found} >= {
        "defaultPerDayPerProject",
        "defaultSearchListPerDayPerProject",
    }


def test_youtube_takes_requests_by_its_form(cloud: Cloud) -> None:
    """Unless Google says otherwise nothing can be asked for here, and the reason and the form are named."""
    for limit in cloud.limits(PROJECT):
        assert not limit.adjustable
        assert limit.why_not == "Google takes no requests for it this way"
        assert limit.request_address == FORM


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NO_VALID_BILLING_ACCOUNT", "billing account"),
        ("NOT_ENOUGH_USAGE_HISTORY", "long enough"),
        ("OTHER", "no reason"),
    ],
)
def test_why_not_is_said_in_words(sandbox: Sandbox, cloud: Cloud, reason: str, words: str) -> None:
    """Google's reason, as a person would say it."""
    sandbox.adjustable(PROJECT, "default", why_not=reason)
    limit = next(limit for limit in cloud.limits(PROJECT) if limit.bucket == "default")
    assert words in limit.why_not


def test_what_cannot_be_asked_for_names_the_form(sandbox: Sandbox, admin: Cloud) -> None:
    """The sentence says why not, and where else; nothing is sent."""
    with pytest.raises(CloudError) as caught:
        ask(admin)
    assert caught.value.reason == "not_adjustable"
    assert caught.value.address == FORM
    assert FORM in str(caught.value)
    assert admin.preferences(PROJECT) == []


def test_a_dry_run_sends_nothing(sandbox: Sandbox, admin: Cloud) -> None:
    """It is the default, says what would be asked, and Google has no request afterwards."""
    sandbox.adjustable(PROJECT, "default")
    shown = admin.ask(PROJECT, "default", 50_000, justification="x", contact="me@example.com")
    assert (shown.state, shown.asked, shown.granted, shown.name) == ("dry run", 50_000, 10_000, "")
    assert admin.preferences(PROJECT) == []


@pytest.mark.parametrize(
    ("share", "state", "limit"), [(1.0, "granted", 50_000), (0.5, "partly", 30_000), (0.0, "denied", 10_000)]
)
def test_a_request_is_followed_to_its_end(
    sandbox: Sandbox, admin: Cloud, clock: ManualClock, share: float, state: str, limit: int
) -> None:
    """Pending at first; then granted, in part, or not; and the limit is what was granted."""
    sandbox.adjustable(PROJECT, "default")
    sandbox.answer_requests(after=600, share=share)
    sent = ask(admin)
    assert (sent.state, sent.asked, sent.granted) == ("pending", 50_000, 10_000)
    assert sent.asked_at == NOON
    clock.advance(599)
    assert [one.state for one in admin.preferences(PROJECT)] == ["pending"]
    clock.advance(1)
    done = admin.preferences(PROJECT)
    assert [(one.state, one.bucket, one.granted) for one in done] == [(state, "default", limit)]
    assert done[0].updated_at == NOON + timedelta(seconds=600)
    assert {one.bucket: one.value for one in admin.limits(PROJECT)}["default"] == limit
    assert bool(done[0].detail) is (state == "denied")


def test_a_grant_is_in_force_for_calls(sandbox: Sandbox, admin: Cloud, clock: ManualClock) -> None:
    """After the grant the project may really spend more."""
    sandbox.adjustable(PROJECT, "search_list")
    sandbox.answer_requests(after=60)
    ask(admin, 150, "search_list")
    assert sandbox.spend(PROJECT, "search.list", 200) == 100
    clock.advance(61)
    admin.preferences(PROJECT)
    assert sandbox.spend(PROJECT, "search.list", 200) == 50


def test_asking_again_changes_the_request(sandbox: Sandbox, admin: Cloud, clock: ManualClock) -> None:
    """Google keeps one request for a limit; a second one takes its place."""
    sandbox.adjustable(PROJECT, "default")
    first = ask(admin, 20_000)
    clock.advance(60)
    second = ask(admin, 40_000)
    assert second.name == first.name
    assert [one.asked for one in admin.preferences(PROJECT)] == [40_000]


def test_requests_of_several_buckets_stand_side_by_side(sandbox: Sandbox, admin: Cloud) -> None:
    """Each limit has its own."""
    sandbox.adjustable(PROJECT, "default")
    sandbox.adjustable(PROJECT, "search_list")
    ask(admin)
    ask(admin, 500, "search_list")
    assert {one.bucket: one.asked for one in admin.preferences(PROJECT)} == {
        "default": 50_000,
        "search_list": 500,
    }


@pytest.mark.parametrize("value", [10_000, 9_999, 0])
def test_less_than_there_is_is_no_request(sandbox: Sandbox, admin: Cloud, value: int) -> None:
    """A limit is not lowered by mistake."""
    sandbox.adjustable(PROJECT, "default")
    with pytest.raises(ValueError, match="would not be more"):
        ask(admin, value)


def test_a_request_needs_somebody_to_write_to(sandbox: Sandbox, admin: Cloud) -> None:
    """Google demands a mail address; it is asked for before anything is sent."""
    with pytest.raises(ValueError, match="mail address"):
        admin.ask(PROJECT, "default", 50_000, justification="x", contact="nobody")


def test_a_reader_may_not_ask_for_more(sandbox: Sandbox, cloud: Cloud) -> None:
    """The role that reads limits does not change them; the sentence names the one that does."""
    sandbox.adjustable(PROJECT, "default")
    assert ask(cloud, dry_run=True).state == "dry run"
    with pytest.raises(CloudError, match=r"Quota Administrator \(roles/cloudquotas.admin\)") as caught:
        ask(cloud)
    assert caught.value.reason == "no_role"


def switched_off(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.disable_api("cloudquotas", PROJECT)
    return sandbox.service_account(PROJECT)


def no_role(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.service_account(PROJECT, roles=("roles/monitoring.viewer",))


def only_monitoring(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.cloud_login(PROJECT, scopes=["https://www.googleapis.com/auth/monitoring.read"])


def revoked(sandbox: Sandbox) -> dict[str, Any]:
    login = sandbox.cloud_login(PROJECT)
    sandbox.break_login("person@example.com", "session ended")
    return login


def foreign_quota_project(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.cloud_login(PROJECT, quota_project=OTHER)


def deleted_key(sandbox: Sandbox) -> dict[str, Any]:
    key = sandbox.service_account(PROJECT)
    sandbox.break_login(key["client_email"], "key deleted")
    return key


def in_trouble(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.fail("cloudquotas", 503, times=99)
    return sandbox.service_account(PROJECT)


def garbled(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.fail("cloudquotas", 200, body="<html>Please log in to the hotel's network</html>")
    return sandbox.service_account(PROJECT)


def stopped(sandbox: Sandbox) -> dict[str, Any]:
    key = sandbox.service_account(PROJECT)
    sandbox.stop()
    return key


@pytest.mark.parametrize(
    ("furnish", "reason", "words"),
    [
        (switched_off, "api_disabled", ["Cloud Quotas API", "cloudquotas.googleapis.com?project=", "Enable"]),
        (no_role, "no_role", ["reader@", "Cloud Quotas Viewer", f"iam?project={PROJECT}"]),
        (only_monitoring, "scope", ["gcloud auth application-default login"]),
        (revoked, "login_ended", ["gcloud auth application-default login"]),
        (foreign_quota_project, "quota_project", [f"iam?project={OTHER}"]),
        (deleted_key, "key_refused", ["add a key"]),
        pytest.param(in_trouble, "trouble", ["503"], marks=pytest.mark.slow),
        (garbled, "trouble", ["proxy"]),
        pytest.param(stopped, "unreachable", ["network"], marks=pytest.mark.slow),
    ],
)
def test_every_problem_says_what_to_do(
    sandbox: Sandbox, cloud_of: Any, furnish: Any, reason: str, words: list[str]
) -> None:
    """As for the counters: the real client, the real answer, one sentence with the remedy."""
    with pytest.raises(CloudError) as caught:
        cloud_of(furnish(sandbox)).limits(PROJECT)
    text = str(caught.value)
    assert caught.value.reason == reason, text
    assert [word for word in words if word not in text] == []
    assert "\n" not in text
    assert not _SENTENCE_END.search(text), text


def test_the_missing_extra_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Usage is read without it; limits say what to install."""
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("google.cloud"):
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CloudError, match=r'pip install "ytquota\[cloud\]"') as caught:
        cloud.limits(PROJECT)
    assert caught.value.reason == "extra_missing"
    assert cloud.usage(PROJECT, NOON - timedelta(hours=1)) == []


@pytest.fixture
def google(sandbox: Sandbox, admin: Cloud) -> Any:
    """Google's own client of Cloud Quotas, without ours around it."""
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = admin.account.credentials_for(PROJECT, scopes, is_local=True)
    with CloudQuotasClient(
        transport=CloudQuotasRestTransport(host=sandbox.url, credentials=credentials)
    ) as client:
        client.transport._session.trust_env = False
        yield client


def test_the_sandbox_answers_googles_client_by_name(google: Any) -> None:
    """Getting one limit or request, pages, and what does not exist."""
    parent = f"projects/{PROJECT}/locations/global"
    name = f"{parent}/services/youtube.googleapis.com/quotaInfos/defaultPerDayPerProject"
    assert google.get_quota_info(name=name).dimensions_infos[0].details.value == 10_000
    pages = google.list_quota_infos(
        request={"parent": f"{parent}/services/youtube.googleapis.com", "page_size": 2}
    )
    assert len({info.quota_id for info in pages}) == 5
    for missing in (name + "x", f"{parent}/quotaPreferences/none"):
        get = google.get_quota_info if "quotaInfos" in missing else google.get_quota_preference
        with pytest.raises(GoogleAPICallError) as caught:
            get(name=missing)
        assert caught.value.code == 404


def test_the_sandbox_takes_one_request_for_a_limit(sandbox: Sandbox, google: Any) -> None:
    """A second one by `create` exists already; an increase wants a contact; a closed limit takes none."""
    parent = f"projects/{PROJECT}/locations/global"
    wish = {
        "service": "youtube.googleapis.com",
        "quota_id": "defaultPerDayPerProject",
        "quota_config": {"preferred_value": 20_000},
    }
    refusals = []
    for contact, is_open in (("", False), ("", True), ("a@example.com", True), ("a@example.com", True)):
        sandbox.adjustable(PROJECT, "default", why_not="" if is_open else "OTHER")
        try:
            made = google.create_quota_preference(
                parent=parent, quota_preference=wish | {"contact_email": contact}
            )
        except GoogleAPICallError as error:
            refusals.append((error.code, error.response.json()["error"]["status"]))
    assert refusals == [(400, "FAILED_PRECONDITION"), (400, "INVALID_ARGUMENT"), (409, "ALREADY_EXISTS")]
    assert google.get_quota_preference(name=made.name).reconciling
