"""Errors in the shape the API gives them, other than those about quota."""

from __future__ import annotations

from typing import Any

SERVICE = "youtube.googleapis.com"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        reason: Google's machine-readable reason, as `errors[0].reason` carries it.
        message: the sentence for people.
        domain: `errors[0].domain`.
        location: name of the parameter at fault.
        status_name: canonical status; the empty string leaves it out, as older back ends do.
        details: entries of `error.details`.
        charged: whether a call that ends like this costs its price.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        status_name: str | None = None,
        details: tuple[dict[str, Any], ...] = (),
        charged: bool = True,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.charged = charged
        self._message = message
        self._domain = domain
        self._location = location
        self._status_name = _STATUS_NAMES.get(status, "") if status_name is None else status_name
        self._details = details

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        entry = {"message": self._message, "domain": self._domain, "reason": self.reason}
        if self._location:
            entry |= {"location": self._location, "locationType": "parameter"}
        error: dict[str, Any] = {"code": self.status, "message": self._message, "errors": [entry]}
        if self._status_name:
            error["status"] = self._status_name
        if self._details:
            error["details"] = list(self._details)
        return {"error": error}


def error_info(reason: str, *, domain: str = "googleapis.com", **metadata: str) -> dict[str, Any]:
    """An ErrorInfo entry for `error.details`."""
    return {"@type": _ERROR_INFO, "reason": reason, "domain": domain, "metadata": metadata}


def unknown_address(path: str) -> ApiError:
    """Nothing lives at this path; no method, so no price."""
    message = f"The requested URL {path} was not found on this server."
    return ApiError(404, "notFound", message, charged=False)


def no_credentials() -> ApiError:
    """Neither a key nor a token came with the call."""
    message = (
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API."
    )
    return ApiError(403, "forbidden", message, charged=False)


def bad_key() -> ApiError:
    """The API key is unknown or was deleted."""
    details = (error_info("API_KEY_INVALID", service=SERVICE),)
    message = "API key not valid. Please pass a valid API key."
    return ApiError(400, "badRequest", message, details=details, charged=False)


def stale_token() -> ApiError:
    """The access token is unknown, expired or revoked."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return ApiError(401, "authError", message, location="Authorization", charged=False)


def login_required() -> ApiError:
    """An API key was used where only a person's consent will do."""
    message = (
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
        "credentials that assert a principal. See https://cloud.google.com/docs/authentication"
    )
    details = (error_info("CREDENTIALS_MISSING", service=SERVICE),)
    return ApiError(401, "required", message, location="Authorization", details=details, charged=False)


def scope_too_small() -> ApiError:
    """The token's consent does not cover this method."""
    details = (error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", service=SERVICE),)
    message = "Request had insufficient authentication scopes."
    return ApiError(403, "insufficientPermissions", message, details=details)


def api_disabled(project: str) -> ApiError:
    """The API is switched off in the project."""
    link = f"https://console.developers.google.com/apis/api/{SERVICE}/overview?project={project}"
    message = (
        f"YouTube Data API v3 has not been used in project {project} before or it is disabled. Enable it by "
        f"visiting {link} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    consumer = f"projects/{project}"
    details = (error_info("SERVICE_DISABLED", service=SERVICE, consumer=consumer, activationUrl=link),)
    return ApiError(403, "accessNotConfigured", message, domain="usageLimits", details=details)


def missing_parameter(name: str) -> ApiError:
    """A required parameter is absent."""
    message = f"No value was given for the required parameter '{name}'."
    return ApiError(400, "missingRequiredParameter", message, domain="youtube.parameter", location=name)


def invalid_parameter(name: str, why: str) -> ApiError:
    """A parameter has a value that will not do."""
    return ApiError(400, "invalidParameter", f"Invalid value for '{name}': {why}", location=name)


def not_found(what: str, reason: str) -> ApiError:
    """The resource that the call is about does not exist."""
    return ApiError(
        404, reason, f"The {what} that the request names cannot be found.", domain="youtube.resource"
    )


def internal() -> ApiError:
    """The sandbox itself failed; a server of Google's would say as little."""
    return ApiError(500, "internalError", "Internal error encountered.", domain="youtube.api")
