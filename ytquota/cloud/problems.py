"""What can keep Google's figures from us, each as one sentence that says what to click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ytquota.answers import Answer
from ytquota.errors import YTQuotaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.cloud.accounts import Account

CONSOLE = "https://console.cloud.google.com"
GCLOUD_LOGIN = "gcloud auth application-default login"


class CloudError(YTQuotaError):
    """Google's figures cannot be read or changed; one sentence that says why and what to do.

    Attributes:
        reason: a machine word: "no_credentials", "bad_file", "wrong_file", "api_key", "login_ended",
            "key_refused", "clock", "scope", "api_disabled", "no_role", "quota_project", "no_project",
            "unreachable", "busy", "trouble", "not_adjustable", "extra_missing" or "refused".
        address: the page to open; empty where there is none.
    """

    def __init__(self, message: str, *, reason: str, address: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.address = address

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (str(self), self.reason, self.address)


def _rebuilt(message: str, reason: str, address: str) -> CloudError:
    return CloudError(message, reason=reason, address=address)


class Api(NamedTuple):
    """One of Google Cloud's APIs, and what we want of it.

    Attributes:
        host: its host name.
        title: what the console calls it.
        purpose: what it is asked for, to go after "may not".
        role: the role that permits it, as the console shows it and by its id.
    """

    host: str
    title: str
    purpose: str
    role: tuple[str, str]


MONITORING = Api(
    "monitoring.googleapis.com",
    "Cloud Monitoring API",
    "read the usage of",
    ("Monitoring Viewer", "roles/monitoring.viewer"),
)

QUOTAS = Api(
    "cloudquotas.googleapis.com",
    "Cloud Quotas API",
    "read or change the limits of",
    ("Cloud Quotas Viewer", "roles/cloudquotas.viewer"),
)


class Attempt(NamedTuple):
    """What was tried when something went wrong: which API, by whom, for which project, at which address."""

    api: Api
    account: Account
    project: str
    endpoint: str | None = None

    @property
    def place(self) -> str:
        """Who was asked: Google's host, or the address that the settings name instead."""
        return f"{self.endpoint} (YTQUOTA_CLOUD_ENDPOINT)" if self.endpoint else self.api.host


_REFRESH = "google.auth.exceptions.RefreshError"
_GARBLED = (
    "json.decoder.JSONDecodeError",
    "google.auth.exceptions.ResponseError",
    "google.protobuf.json_format.ParseError",
)
_NETWORK = (
    "google.auth.exceptions.GoogleAuthError",
    "http.client.HTTPException",
    "httplib2.error.HttpLib2Error",
)


def explain(error: Exception, attempt: Attempt) -> CloudError | None:
    """Return the problem behind an exception of Google's libraries, or of the network below them.

    None if it is neither: then it is a mistake of ours, and must be seen as one.
    """
    if isinstance(error, CloudError):
        return error
    answer = _answer_in(error)
    if answer is not None:
        return _answered(answer, attempt)
    if _is_a(error, _REFRESH):
        return _no_token(error, attempt)
    if _is_a(error, *_GARBLED):
        return _trouble(attempt.place, "something that is no answer of Google's")
    if isinstance(error, OSError) or _is_a(error, *_NETWORK):
        return CloudError(
            f"{attempt.place} cannot be reached ({type(error).__name__}): check this machine's network, "
            "firewall and proxy, then try again.",
            reason="unreachable",
        )
    return None


def _answer_in(error: Exception) -> Answer | None:
    """The answer inside an error of googleapiclient (``resp``) or of google-api-core (``response``)."""
    error = getattr(error, "cause", None) or error  # repeating was given up
    if hasattr(error, "resp") and hasattr(error, "content"):
        return Answer(int(error.resp.status), error.content)
    response = getattr(error, "response", None)
    if hasattr(error, "grpc_status_code") and response is not None:
        return Answer(response.status_code, response.content)
    return None


def _is_a(error: Exception, *names: str) -> bool:
    """Whether an exception is of a class, by full name, so that its library need not be imported."""
    return any(f"{cls.__module__}.{cls.__qualname__}" in names for cls in type(error).__mro__)


def in_part(api: Api) -> CloudError:
    """The answer says itself that it is not whole."""
    return _trouble(api.host, "in part only")


def _trouble(who: str, what: str) -> CloudError:
    return CloudError(
        f"{who} answered {what}: Google, or a proxy on the way, has trouble; try again in some minutes.",
        reason="trouble",
    )


def _answered(answer: Answer, attempt: Attempt) -> CloudError:
    """Judge an answer by its ErrorInfo, then by its status."""
    is_googles = bool(answer.message or answer.rpc)
    judge = _BY_REASON.get(answer.reasons[0]) or (_BY_STATUS.get(answer.http) if is_googles else None)
    if judge:
        return judge(answer, attempt)
    if answer.http >= 500:  # noqa: PLR2004 - a server's error
        return _trouble(attempt.api.host, str(answer.http))
    said = " ".join(answer.message.split()).rstrip(".") or "no reason was given"
    return CloudError(f"{attempt.api.host} refused the request ({answer.http}): {said}.", reason="refused")


def _api_disabled(answer: Answer, attempt: Attempt) -> CloudError:
    if "requires a quota project" in answer.message:
        return _no_quota_project(answer, attempt)
    project = answer.project or attempt.project
    address = f"{CONSOLE}/apis/library/{attempt.api.host}?project={project}"
    return CloudError(
        f"The {attempt.api.title} is switched off in project {project}: open {address}, click Enable, and "
        "try again after some minutes.",
        reason="api_disabled",
        address=address,
    )


def _no_role(answer: Answer, attempt: Attempt) -> CloudError:
    address = f"{CONSOLE}/iam-admin/iam?project={attempt.project}"
    changes = answer.text.count("cloudquotas.quotas.update")
    shown, role = ("Quota Administrator", "roles/cloudquotas.admin") if changes else attempt.api.role
    return CloudError(
        f"{attempt.account.label} may not {attempt.api.purpose} project {attempt.project}: open {address} "
        "(if it does not open, the project's number is wrong), click Grant access, and give "
        f"{attempt.account.name} the role {shown} ({role}).",
        reason="no_role",
        address=address,
    )


def _no_quota_project(_: Answer, attempt: Attempt) -> CloudError:
    return CloudError(
        f"{attempt.account.label} names no project that its requests count for: run `gcloud auth "
        f"application-default set-quota-project {attempt.project}`.",
        reason="quota_project",
    )


def _may_not_use(answer: Answer, attempt: Attempt) -> CloudError:
    project = answer.project or attempt.account.quota_project or attempt.project
    address = f"{CONSOLE}/iam-admin/iam?project={project}"
    return CloudError(
        f"{attempt.account.label} may not have its requests count for project {project}: open {address}, "
        f"click Grant access, and give {attempt.account.name} the role Service Usage Consumer "
        "(roles/serviceusage.serviceUsageConsumer).",
        reason="quota_project",
        address=address,
    )


def _scope(_: Answer, attempt: Attempt) -> CloudError:
    return CloudError(
        f"{attempt.account.label} was not given for reading a project's figures: run `{GCLOUD_LOGIN}`, or "
        "name the key of a service account in YTQUOTA_CLOUD_CREDENTIALS (docs/google-counters.md).",
        reason="scope",
    )


def _api_key(_: Answer, attempt: Attempt) -> CloudError:
    return api_key_instead_of_account(attempt.project)


def _stale(_: Answer, attempt: Attempt) -> CloudError:
    return login_ended(attempt.account)


def _no_such_project(_: Answer, attempt: Attempt) -> CloudError:
    address = f"{CONSOLE}/welcome?project={attempt.project}"
    return CloudError(
        f"Google knows no project {attempt.project}: compare with the project number on the console's start "
        f"page, {address}.",
        reason="no_project",
        address=address,
    )


def _busy(_: Answer, attempt: Attempt) -> CloudError:
    return CloudError(
        f"{attempt.api.host} takes no more requests just now: try again in a minute.", reason="busy"
    )


_BY_REASON: dict[str, Callable[[Answer, Attempt], CloudError]] = {
    "ACCESS_TOKEN_EXPIRED": _stale,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _scope,
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": _stale,
    "API_KEY_INVALID": _api_key,
    "CONSUMER_INVALID": _no_such_project,
    "CREDENTIALS_MISSING": _api_key,
    "IAM_PERMISSION_DENIED": _no_role,
    "RATE_LIMIT_EXCEEDED": _busy,
    "SERVICE_DISABLED": _api_disabled,
    "USER_PROJECT_DENIED": _may_not_use,
}
_BY_STATUS: dict[int, Callable[[Answer, Attempt], CloudError]] = {
    401: _stale,
    403: _no_role,
    404: _no_such_project,
    429: _busy,
}


def _no_token(error: Exception, attempt: Attempt) -> CloudError:
    """Judge what the token endpoint said, which google-auth hands on as text."""
    said = " ".join(str(part) for part in error.args)
    account = attempt.account
    if getattr(error, "retryable", False):
        return _trouble("Google's token address", "an error")
    if "short-lived token" in said:
        return CloudError(
            "Google refused the login because this machine's clock is wrong: set it by network time "
            "(`timedatectl set-ntp true`), then try again.",
            reason="clock",
        )
    if account.kind == "service account":
        return _key_refused(said, account)
    return login_ended(account)


def _key_refused(said: str, account: Account) -> CloudError:
    address = f"{CONSOLE}/iam-admin/serviceaccounts?project={account.home}"
    what = "no longer exists" if "not found" in said else "no longer accepts the key"
    todo = "create one, add a key" if "not found" in said else "choose it, add a key under Keys"
    return CloudError(
        f"{account.label} {what} in {account.source}: open {address}, {todo}, and replace the file with what "
        "is downloaded.",
        reason="key_refused",
        address=address,
    )


def login_ended(account: Account) -> CloudError:
    """The login was revoked, or its time is over."""
    if account.kind == "service account":
        return _key_refused("", account)
    return CloudError(
        f"{account.label} has ended or was revoked: run `{GCLOUD_LOGIN}` again.", reason="login_ended"
    )


def api_key_instead_of_account(project: str = "") -> CloudError:
    """An API key carries no account, and so can have no role."""
    address = service_accounts(project)
    return CloudError(
        "Google shows a project's figures to accounts, not to API keys: create a service account and its key "
        f"at {address}, and name the file in YTQUOTA_CLOUD_CREDENTIALS.",
        reason="api_key",
        address=address,
    )


def no_credentials(project: str = "") -> CloudError:
    """Nobody to ask as."""
    address = service_accounts(project)
    return CloudError(
        "No account is set that could read Google's figures: create a service account and its key at "
        f"{address} and name the file in YTQUOTA_CLOUD_CREDENTIALS, or run `{GCLOUD_LOGIN}` "
        "(docs/google-counters.md).",
        reason="no_credentials",
        address=address,
    )


def service_accounts(project: str) -> str:
    """The console's page where service accounts and their keys are made."""
    return f"{CONSOLE}/iam-admin/serviceaccounts" + (f"?project={project}" if project else "")
