"""What Google's monitoring calls a method: its name in the gRPC service behind the API.

Seen in the wild for VideoService, PlaylistItemService, PlaylistService, SearchService, ChannelService and
LiveChatMessageService; the others follow the same pattern.
"""

from __future__ import annotations

_PLURALS = (("ies", "y"), ("s", ""))


def label_of(method: str) -> str:
    """`videos.list` as `youtube.api.v3.V3DataVideoService.List`."""
    resource, _, action = method.partition(".")
    for plural, singular in _PLURALS:
        if resource.endswith(plural):
            resource = resource.removesuffix(plural) + singular
            break
    return f"youtube.api.v3.V3Data{_capital(resource)}Service.{_capital(action)}"


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
