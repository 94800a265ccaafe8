"""How much a call matters: what the operator set for its tag, else what its program says, else its method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PRIORITIES = ("critical", "high", "normal", "low")
"""The most important first."""

NORMAL = "normal"

BY_METHOD: Mapping[str, str] = {
    # a viewer is being hurt, or a broadcast hangs, until these have gone through
    "liveBroadcasts.transition": "critical",
    "liveChatBans.insert": "critical",
    "liveChatMessages.delete": "critical",
    # a broadcast is being prepared, or the audience waits for an answer
    "liveBroadcasts.bind": "high",
    "liveBroadcasts.control": "high",
    "liveBroadcasts.insert": "high",
    "liveBroadcasts.insertCuepoint": "high",
    "liveBroadcasts.update": "high",
    "liveChatBans.delete": "high",
    "liveChatMessages.insert": "high",
    "liveChatMessages.transition": "high",
    "liveChatModerators.delete": "high",
    "liveChatModerators.insert": "high",
    "liveStreams.insert": "high",
    "liveStreams.update": "high",
}
"""Methods that matter more than others; every other one is normal.

Reading a chat is not among them: a poll can wait a few seconds, and polls could use up what is kept for the
answers. Nothing is low by itself.
"""


class Priorities:
    """Decides how much a call matters.

    Args:
        by_tag: the operator's word, by `tag_key` of the tag.
    """

    def __init__(self, by_tag: Mapping[str, str] | None = None) -> None:
        self._by_tag = dict(by_tag or {})
        self._keys: dict[str, str] = {}

    def of(self, method: str, tag: str, given: str = "") -> str:
        """The priority of a call: its tag's, else the one given, else the method's."""
        if self._by_tag:
            key = self._keys.get(tag)
            if key is None:
                key = self._keys.setdefault(tag, tag_key(tag)) if len(self._keys) < _KEPT else tag_key(tag)
            set_ = self._by_tag.get(key)
            if set_ is not None:
                return set_
        return given or BY_METHOD.get(method, NORMAL)


_KEPT = 256


def tag_key(tag: str) -> str:
    """A tag as the end of a variable's name: "chat-bot" is YTQUOTA_PRIORITY_CHAT_BOT."""
    return re.sub(r"[^A-Z0-9]+", "_", tag.upper()).strip("_")
