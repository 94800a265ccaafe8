"""What the API checks before it works: consent, parameters, parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.sandbox import api_errors, schemas
from ytquota.sandbox.api_errors import ApiError

if TYPE_CHECKING:
    from ytquota.sandbox.accounts import Caller
    from ytquota.sandbox.router import Method
    from ytquota.sandbox.state import Call
    from ytquota.sandbox.wire import Request

PERSONAL = frozenset(
    {"home", "managedByMe", "mine", "myRating", "myRecentSubscribers", "mySubscribers", "forMine"}
)
_PERSONAL_METHODS = frozenset(
    {
        "captions.download",
        "captions.list",
        "liveBroadcasts.list",
        "liveChatModerators.list",
        "liveStreams.list",
        "members.list",
        "membershipsLevels.list",
        "superChatEvents.list",
        "thirdPartyLinks.list",
        "videos.getRating",
    }
)
_ONE_OF = {
    "activities.list": ("channelId", "home", "mine"),
    "channelSections.list": ("channelId", "id", "mine"),
    "channels.list": (
        "categoryId",
        "forHandle",
        "forUsername",
        "id",
        "managedByMe",
        "mine",
        "mySubscribers",
    ),
    "commentThreads.list": ("allThreadsRelatedToChannelId", "channelId", "id", "videoId"),
    "comments.list": ("id", "parentId"),
    "liveBroadcasts.list": ("broadcastStatus", "id", "mine"),
    "liveStreams.list": ("id", "mine"),
    "playlistItems.list": ("id", "playlistId"),
    "playlists.list": ("channelId", "id", "mine"),
    "subscriptions.list": ("channelId", "id", "mine", "myRecentSubscribers", "mySubscribers"),
    "videoCategories.list": ("id", "regionCode"),
    "videos.list": ("chart", "id", "myRating"),
}
_MOST_IDS = 50


def needs_person(method: Method, request: Request) -> bool:
    """Whether an API key will not do: writes, private resources, and filters that mean "me"."""
    if not method.reads or method.name in _PERSONAL_METHODS:
        return True
    return any(request.one(name) not in ("", "false") for name in PERSONAL.intersection(request.params))


def scope(method: Method, caller: Caller) -> None:
    """Check that the consent covers the method; a key has none, and none is needed where it is allowed."""
    if not caller.is_key and method.scopes and not method.scopes & caller.scopes:
        raise api_errors.scope_too_small()


def parameters(call: Call) -> None:
    """Check required parameters, numbers, choices, filters and parts."""
    params = call.request.params
    for name, parameter in call.method.parameters.items():
        if parameter.required and not params.get(name) and not call.path_values.get(name):
            raise api_errors.missing_parameter(name)
    for name, values in params.items():
        known = call.method.parameters.get(name)
        if known is None:
            continue
        if known.type == "integer":
            _whole_number(name, values[0], known.minimum, known.maximum)
        elif known.choices and not known.choices.issuperset(call.request.many(name)):
            raise api_errors.invalid_parameter(name, f"{values[0]!r} is none of its choices.")
    _filters(call)
    _parts(call)


def _whole_number(name: str, text: str, least: int | None, most: int | None) -> None:
    try:
        value = int(text)
    except ValueError:
        raise api_errors.invalid_parameter(name, f"{text!r} is no whole number.") from None
    if least is not None and value < least:
        raise api_errors.invalid_parameter(name, f"{value} is below {least}.")
    if most is not None and value > most:
        raise api_errors.invalid_parameter(name, f"{value} is above {most}.")


def _filters(call: Call) -> None:
    if call.method.reads and len(call.request.many("id")) > _MOST_IDS:
        message = "The request specifies an invalid filter parameter."
        raise ApiError(400, "invalidFilters", message, domain="youtube.parameter", location="parameters.")
    choices = _ONE_OF.get(call.method.name)
    if choices is None:
        return
    given = [name for name in choices if call.request.one(name)]
    if not given:
        message = f"No filter selected. Expected one of: {', '.join(choices)}"
        raise ApiError(
            400, "missingRequiredParameter", message, domain="youtube.parameter", location="parameters."
        )


def _parts(call: Call) -> None:
    schema = call.method.response and (schemas.item_schema(call.method.response) or call.method.response)
    if not schema or not schemas.has(schema, "snippet"):
        return
    known = schemas.parts_of(schema)
    for part in call.parts:
        if part != "id" and part not in known:
            raise ApiError(400, "unknownPart", part, domain="youtube.part", location="part")
