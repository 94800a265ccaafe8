"""Errors in the shape that Google Cloud's own APIs give them."""

from __future__ import annotations

from typing import Any, NamedTuple

from ytquota.sandbox.access import GCLOUD_PROJECT
from ytquota.sandbox.api_errors import ApiError, error_info

_HELP = "type.googleapis.com/google.rpc.Help"
_CONSOLE = "https://console.developers.google.com"


class Service(NamedTuple):
    """An API: its host name, and what the console calls it."""

    name: str
    title: str


class CloudError(ApiError):
    """As its parent, but without `errors`, which these APIs do not send."""

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        document = super().document()
        del document["error"]["errors"]
        return document


def keys_refused(service: Service, rpc: str) -> CloudError:
    """An API key, or nothing at all, instead of somebody who can have a role."""
    message = (
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
        "credentials that assert a principal. See https://cloud.google.com/docs/authentication"
    )
    details = (error_info("CREDENTIALS_MISSING", service=service.name, method=rpc),)
    return CloudError(401, "required", message, details=details)


def stale_token(service: Service, rpc: str) -> CloudError:
    """The access token is unknown, expired or revoked."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    details = (error_info("ACCESS_TOKEN_EXPIRED", service=service.name, method=rpc),)
    return CloudError(401, "authError", message, details=details)


def scope_too_small(service: Service, rpc: str) -> CloudError:
    """The token was not given for this."""
    details = (error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", service=service.name, method=rpc),)
    message = "Request had insufficient authentication scopes."
    return CloudError(403, "insufficientPermissions", message, details=details)


def no_quota_project(service: Service) -> CloudError:
    """A person's login names no project that the call would count for."""
    message = (
        "Your application is authenticating by using local Application Default Credentials. The "
        f"{service.name} API requires a quota project, which is not set by default. To learn how to set your "
        "quota project, see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds ."
    )
    info = error_info("SERVICE_DISABLED", consumer=f"projects/{GCLOUD_PROJECT}", service=service.name)
    return CloudError(403, "forbidden", message, details=(info,))


def may_not_use(project: str, service: Service) -> CloudError:
    """The project named for counting belongs to somebody else."""
    link = f"{_CONSOLE}/iam-admin/iam/project?project={project}"
    message = (
        f"Caller does not have required permission to use project {project}. Grant the caller the "
        "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use "
        f"permission, by visiting {link} and then retry. Propagation of the new permission may take a few "
        "minutes."
    )
    links = {"@type": _HELP, "links": [{"description": "Google developer console IAM admin", "url": link}]}
    info = error_info("USER_PROJECT_DENIED", consumer=f"projects/{project}", service=service.name)
    return CloudError(403, "forbidden", message, details=(links, info))


def api_disabled(project: str, service: Service) -> CloudError:
    """The API is switched off in the project that the call counts for."""
    link = f"{_CONSOLE}/apis/api/{service.name}/overview?project={project}"
    message = (
        f"{service.title} has not been used in project {project} before or it is disabled. Enable it by "
        f"visiting {link} then retry. If you enabled this API recently, wait a few minutes for the action to "
        "propagate to our systems and retry."
    )
    links = {
        "@type": _HELP,
        "links": [{"description": "Google developers console API activation", "url": link}],
    }
    info = error_info(
        "SERVICE_DISABLED",
        consumer=f"projects/{project}",
        service=service.name,
        serviceTitle=service.title,
        containerInfo=project,
        activationUrl=link,
    )
    return CloudError(403, "forbidden", message, details=(info, links))


def no_permission(permission: str) -> CloudError:
    """As Cloud Monitoring says it: the role is missing, or the project does not exist."""
    message = f"Permission {permission} denied (or the resource may not exist)."
    return CloudError(403, "forbidden", message)


def no_permission_on(permission: str, service: Service, resource: str) -> CloudError:
    """As newer APIs say it: the role is missing, or the resource does not exist."""
    message = (
        f"Permission '{permission}' denied on resource '//{service.name}/{resource}' (or it may not exist)."
    )
    info = error_info("IAM_PERMISSION_DENIED", domain=service.name, permission=permission, resource=resource)
    return CloudError(403, "forbidden", message, details=(info,))


def invalid(message: str) -> CloudError:
    """The request makes no sense."""
    return CloudError(400, "badRequest", message)


def not_found(message: str) -> CloudError:
    """There is no such thing."""
    return CloudError(404, "notFound", message)


def exists(message: str) -> CloudError:
    """There is one already."""
    return CloudError(409, "alreadyExists", message)


def precondition(message: str) -> CloudError:
    """It cannot be done as things are."""
    return CloudError(400, "failedPrecondition", message, status_name="FAILED_PRECONDITION")
