"""One http per thread behind a single object, so that one service may be used from many threads.

httplib2 keeps a connection open per http object but is not made for two threads at once; a new http per
request would open a connection for each call.
"""

from __future__ import annotations

import copy
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

import httplib2
from google_auth_httplib2 import AuthorizedHttp, Request

from ytquota.service.meter import MeteredHttp, is_metered

if TYPE_CHECKING:
    from ytquota.service.account import Account
    from ytquota.service.meter import Answer


def _setting(name: str) -> Any:
    """A setting of httplib2's that is handed on to the http of every thread."""

    def read(self: PerThreadHttp) -> Any:
        return getattr(self.template, name)

    def write(self: PerThreadHttp, value: Any) -> None:
        setattr(self.template, name, value)
        for slot in self._living():
            setattr(slot.http, name, value)

    return property(read, write)


class PerThreadHttp:
    """What googleapiclient takes for an http object: each calling thread gets its own, metered, kept open.

    Args:
        template: the http object whose settings the threads copy: an `AuthorizedHttp`, a `httplib2.Http`, or
            another object, which then is shared by all threads as it was before.
        account: on whose account the requests go.
    """

    is_facade = True
    """Whether requests through it are metered, by what stands behind it."""

    timeout = _setting("timeout")
    follow_redirects = _setting("follow_redirects")
    redirect_codes = _setting("redirect_codes")

    def __init__(self, template: Any, account: Account) -> None:
        self.template, self.account = template, account
        self._mine = threading.local()
        self._slots: dict[int, weakref.ref[_Slot]] = {}

    @property
    def credentials(self) -> Any:
        """The credentials that requests are signed with; None for an API key."""
        found = getattr(self.template, "credentials", None)
        return None if isinstance(found, httplib2.Credentials) else found

    def request(self, uri: str, method: str = "GET", *more: Any, **options: Any) -> Answer:
        """Send a request as `httplib2.Http.request` does, over this thread's own connection."""
        answer: Answer = self._slot().http.request(uri, method, *more, **options)
        return answer

    def add_certificate(self, key: str, cert: str, domain: str, password: str | None = None) -> None:
        """Use a client certificate; open connections are closed."""
        self.template.add_certificate(key, cert, domain, password)
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; a later request opens a new one."""
        slots, self._slots = self._living(), {}
        self._mine = threading.local()
        for slot in slots:
            slot.close()

    def _slot(self) -> _Slot:
        slot: _Slot | None = getattr(self._mine, "slot", None)
        if (
            slot is None or slot.pid != os.getpid()
        ):  # a forked child must not talk over its parent's connection
            twin = _twin(self.template)
            is_shared = _sender(twin) is _sender(self.template)
            slot = self._mine.slot = _Slot(metered(twin, self.account), _sender(twin), is_shared=is_shared)
            self._slots[threading.get_ident()] = weakref.ref(slot)
        return slot

    def _living(self) -> list[_Slot]:
        return [slot for reference in list(self._slots.values()) if (slot := reference()) is not None]


class _Slot:
    """One thread's http; its connections are closed when its thread ends, unless other threads share them."""

    def __init__(self, http: Any, sender: Any, *, is_shared: bool) -> None:
        self.http, self._sender, self._is_shared = http, sender, is_shared
        self.pid = os.getpid()

    def close(self) -> None:
        if not isinstance(self._sender, httplib2.Http):
            self.http.close()
            return
        # not by its own close(), which also empties the lists of certificates that all threads have in common
        while self._sender.connections:
            self._sender.connections.popitem()[1].close()

    def __del__(self) -> None:
        if not self._is_shared:
            self.close()


def metered(http: Any, account: Account) -> Any:
    """Return `http` with a meter in it, or itself if it has one.

    In an `AuthorizedHttp` the meter goes inside, where it sees the second send after a refreshed token, and
    what it sends is charged to the project of its own credentials. Around anything else it goes outside.
    """
    if getattr(http, "is_facade", False) or is_metered(http):
        return http
    if not isinstance(http, AuthorizedHttp):
        return MeteredHttp(http, account)
    twin = copy.copy(http)
    twin.http = MeteredHttp(http.http, account.for_credentials(http.credentials))
    return twin


def _twin(template: Any) -> Any:
    """A fresh http object with the settings of `template` and, where possible, connections of its own."""
    if isinstance(template, AuthorizedHttp):
        twin = copy.copy(template)
        twin.http = _twin(template.http)
        twin._request = Request(twin.http)  # noqa: SLF001 - token calls go out on this thread's connection too
        return twin
    if isinstance(template, httplib2.Http) and "request" not in vars(template):
        return copy.copy(template)  # httplib2 leaves the connections out of a copy
    return template  # its request was replaced (set_user_agent, a double): only the original has that


def _sender(http: Any) -> Any:
    """What sends in the end: the http object inside an AuthorizedHttp, else the object itself."""
    return http.http if isinstance(http, AuthorizedHttp) else http
