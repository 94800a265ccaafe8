"""The sandbox's Cloud Monitoring and its token parts, asked by hand: shapes, refusals, and who gets in."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from google.auth import crypt, jwt

from ytquota.clock import ManualClock
from ytquota.sandbox import Sandbox

PROJECT, OTHER = "111111111111", "222222222222"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
READ = "https://www.googleapis.com/auth/monitoring.read"
USAGE = 'metric.type="serviceruntime.googleapis.com/quota/rate/net_usage"'


@pytest.fixture
def sandbox():
    with Sandbox(clock=ManualClock(NOON.timestamp())) as running:
        yield running


def signed(key, sandbox, scope=READ, **claims):
    """A grant as a service account signs it."""
    now = int(time.time())
    payload = {
        "iss": key["client_email"],
        "scope": scope,
        "aud": f"{sandbox.url}/token",
        "iat": now,
        "exp": now + 3600,
    }
    return jwt.encode(crypt.RSASigner.from_string(key["private_key"]), payload | claims).decode()


@pytest.fixture
def token_of(sandbox, web):
    """Key file -> the token address's answer to what it signs."""

    def ask(key, **claims):
        form = {"grant_type": JWT, "assertion": signed(key, sandbox, **claims)}
        return web.post(f"{sandbox.url}/token", data=form)

    return ask


@pytest.fixture
def series(sandbox, web, token_of):
    """Ask for time series with a token; gives status and document."""
    token = token_of(sandbox.service_account(PROJECT)).json()["access_token"]

    def ask(project=PROJECT, *, headers=None, **parameters):
        base = {
            "filter": USAGE,
            "interval.startTime": (NOON - timedelta(hours=2)).isoformat(),
            "interval.endTime": NOON.isoformat(),
        }
        headers = {"Authorization": f"Bearer {token}"} | (headers or {})
        query = {name.replace("__", "."): value for name, value in parameters.items()}
        answer = web.get(
            f"{sandbox.url}/v3/projects/{project}/timeSeries", params=base | query, headers=headers
        )
        return answer.status_code, answer.json()

    return ask


def test_a_series_has_googles_shape(sandbox, series):
    """Labels, kinds and points as Cloud Monitoring sends them, the newest point first."""
    sandbox.spend(PROJECT, "playlistItems.list", 2, at=NOON - timedelta(hours=1))
    sandbox.spend(PROJECT, "playlistItems.list", 1, at=NOON - timedelta(minutes=30))
    status, document = series()
    (one,) = document["timeSeries"]
    assert status == 200
    assert one["metric"]["labels"] == {
        "method": "youtube.api.v3.V3DataPlaylistItemService.List",
        "quota_metric": "youtube.googleapis.com/default",
    }
    assert one["resource"] == {
        "type": "consumer_quota",
        "labels": {
            "project_id": f"sandbox-{PROJECT}",
            "service": "youtube.googleapis.com",
            "location": "global",
        },
    }
    assert (one["metricKind"], one["valueType"]) == ("DELTA", "INT64")
    assert [point["value"]["int64Value"] for point in one["points"]] == ["1", "2"]
    assert one["points"][1]["interval"] == {
        "startTime": "2026-11-20T19:00:00Z",
        "endTime": "2026-11-20T19:01:00Z",
    }


def test_a_project_may_be_named_by_its_id(sandbox, series):
    """By number or by id, it is the same project."""
    sandbox.spend(PROJECT, "videos.list", at=NOON - timedelta(hours=1))
    assert series(f"sandbox-{PROJECT}") == series(PROJECT)


@pytest.mark.parametrize(
    ("rest", "number"),
    [
        ("", 2),
        (' AND resource.type="consumer_quota"', 2),
        (' AND resource.labels.service="youtube.googleapis.com"', 2),
        (' AND resource.label.service = "other.googleapis.com"', 0),
        (' AND metric.labels.quota_metric="youtube.googleapis.com/search_list"', 1),
        (' AND metric.labels.quota_metric!="youtube.googleapis.com/search_list"', 1),
        (' AND metric.labels.limit_name="defaultPerDayPerProject"', 0),
    ],
)
def test_filters_choose_series(sandbox, series, rest, number):
    """Comparisons joined by AND, as the client sends them."""
    sandbox.spend(PROJECT, "videos.list", at=NOON - timedelta(hours=1))
    sandbox.spend(PROJECT, "search.list", at=NOON - timedelta(hours=1))
    status, document = series(filter=USAGE + rest)
    assert (status, len(document.get("timeSeries", []))) == (200, number)


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": ""},
        {"filter": "metric.type"},
        {"filter": 'resource.type="consumer_quota"'},
        {"interval__startTime": ""},
        {"interval__endTime": "yesterday"},
        {"interval__endTime": "2026-11-20T20:00:00"},
        {"interval__endTime": "2026-11-01T00:00:00Z"},
        {"pageToken": "x"},
        {"aggregation__perSeriesAligner": "ALIGN_SUM", "aggregation__alignmentPeriod": "30s"},
        {"aggregation__perSeriesAligner": "ALIGN_MEAN", "aggregation__alignmentPeriod": "60s"},
    ],
)
def test_what_makes_no_sense_is_refused(series, wrong):
    """400 INVALID_ARGUMENT, without the `errors` that these APIs do not send."""
    status, document = series(**wrong)
    assert (status, document["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "errors" not in document["error"]


def test_headers_only_have_no_points(sandbox, series):
    """view=HEADERS tells which series there are."""
    sandbox.spend(PROJECT, "videos.list", at=NOON - timedelta(hours=1))
    (one,) = series(view="HEADERS")[1]["timeSeries"]
    assert "points" not in one


@pytest.mark.parametrize("query", [{}, {"key": "AIzaSomething"}])
def test_keys_and_nobody_are_refused(sandbox, web, query):
    """401 CREDENTIALS_MISSING with Google's sentence about API keys."""
    answer = web.get(f"{sandbox.url}/v3/projects/{PROJECT}/timeSeries", params=query)
    error = answer.json()["error"]
    assert (answer.status_code, error["details"][0]["reason"]) == (401, "CREDENTIALS_MISSING")
    assert "API keys are not supported" in error["message"]


def test_a_token_for_youtube_opens_nothing_here(sandbox, series):
    """403 ACCESS_TOKEN_SCOPE_INSUFFICIENT; and a token with the scope wants a role."""
    token = sandbox.issue_token(PROJECT)["token"]
    status, document = series(headers={"Authorization": f"Bearer {token}"})
    assert (status, document["error"]["details"][0]["reason"]) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    wide = sandbox.issue_token(PROJECT, channel="UCx", scopes=[READ])["token"]
    assert series(headers={"Authorization": f"Bearer {wide}"})[0] == 403
    sandbox.grant_role("UCx", "roles/monitoring.viewer", PROJECT)
    assert series(headers={"Authorization": f"Bearer {wide}"})[0] == 200


def test_the_project_to_count_for_can_be_named(sandbox, series):
    """By the header, if one may use it; the API must be on in that project, and only there."""
    header = {"x-goog-user-project": OTHER}
    status, document = series(headers=header)
    assert (status, document["error"]["details"][1]["reason"]) == (403, "USER_PROJECT_DENIED")
    name = f"reader@sandbox-{PROJECT}.iam.gserviceaccount.com"
    sandbox.grant_role(name, "roles/serviceusage.serviceUsageConsumer", OTHER)
    sandbox.disable_api("monitoring", PROJECT)
    assert series(headers=header)[0] == 200
    assert series()[1]["error"]["details"][0]["metadata"]["consumer"] == f"projects/{PROJECT}"
    sandbox.disable_api("monitoring", PROJECT, disabled=False)
    assert series()[0] == 200


def test_a_signed_grant_is_checked(sandbox, token_of):
    """Whose it is, the signature, the times, the scope; each refusal in Google's words."""
    key, stranger = sandbox.service_account(PROJECT), sandbox.service_account(PROJECT, name="other")
    assert token_of(key).json().keys() == {"access_token", "expires_in", "token_type"}
    now = int(time.time())
    refused = {
        "signature": token_of(stranger | {"client_email": key["client_email"]}),
        "account": token_of(key | {"client_email": "nobody@example.com"}),
        "old": token_of(key, iat=now - 7200, exp=now - 3600),
        "long": token_of(key, exp=now + 90_000),
        "early": token_of(key, iat=now + 900, exp=now + 1800),
        "scope": token_of(key, scope=""),
    }
    assert {name: (answer.status_code, answer.json()["error"]) for name, answer in refused.items()} == {
        name: (400, "invalid_scope" if name == "scope" else "invalid_grant") for name in refused
    }
    assert "Invalid JWT Signature" in refused["signature"].json()["error_description"]
    assert "account not found" in refused["account"].json()["error_description"]
    assert "short-lived" in refused["long"].json()["error_description"]


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "..", "e30.e30.e30"])
def test_garbage_for_a_grant_is_refused(sandbox, web, assertion):
    """A 400 in OAuth's words, never an error of the sandbox."""
    answer = web.post(f"{sandbox.url}/token", data={"grant_type": JWT, "assertion": assertion})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_access_ends_with_the_hour_and_with_the_role(sandbox, series):
    """A token is good for an hour, a role for as long as it is held."""
    assert series()[0] == 200
    sandbox.revoke_roles(f"reader@sandbox-{PROJECT}.iam.gserviceaccount.com", PROJECT)
    assert series()[1]["error"]["message"].startswith("Permission monitoring.timeSeries.list denied")
    sandbox.advance(3600)
    assert series()[0] == 401


def test_an_unknown_role_is_a_mistake_of_the_test(sandbox):
    """The error names the roles there are."""
    with pytest.raises(ValueError, match=r"roles/monitoring\.viewer"):
        sandbox.service_account(PROJECT, roles=("roles/emperor",))
