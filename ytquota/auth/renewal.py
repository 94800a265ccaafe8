"""Renewing access tokens ahead of their end, in the background, so that no call waits for the token address.

One daemon thread per process, started with the first OAuth login that is in use, and gone when none is left.
It takes the same road as a call that meets an old token (`credentials`): the file's lock, the file read
again, one request. So programs that share a login still renew it once.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ytquota.auth.credentials import StoredCredentials

_LOOK_AGAIN = 60.0
"""Seconds after which the time is read again at the latest: clocks are set, and laptops sleep."""

_FORK_PATIENCE = 2.0
"""Seconds that a fork waits for a renewal that is under way."""

_log = logging.getLogger("ytquota.auth")


class Renewer:
    """The logins of this process, and the thread that renews their tokens."""

    def __init__(self) -> None:
        self._logins: weakref.WeakSet[StoredCredentials] = weakref.WeakSet()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_ending = False

    @property
    def is_running(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None

    def watch(self, credentials: StoredCredentials) -> None:
        """Renew the token of these credentials ahead of its end for as long as somebody holds them."""
        with self._changed:
            self._logins.add(credentials)
            self._start()
            self._changed.notify_all()

    def wake(self) -> None:
        """Go on in a forked child, whose thread stayed behind; costs nothing otherwise."""
        if self._thread is None and self._logins:
            with self._changed:
                self._start()

    def look(self) -> None:
        """Look at once when what is due next: something has changed."""
        with self._changed:
            self._changed.notify_all()

    def before_fork(self) -> None:
        """End the thread, so that no child inherits a lock that nobody will give back."""
        with self._changed:
            self._is_ending = True
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(_FORK_PATIENCE)

    def after_fork_in_parent(self) -> None:
        """Go on."""
        with self._changed:
            self._is_ending = False
            if self._logins:
                self._start()

    def after_fork_in_child(self) -> None:
        """Start afresh with the next call: a thread is not inherited."""
        self._changed = threading.Condition()
        self._thread, self._is_ending = None, False

    def _start(self) -> None:
        """Start the thread if there is none. Hold `_changed`."""
        if self._thread is None and not self._is_ending:
            self._thread = threading.Thread(target=self._run, name="ytquota-renewal", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                logins = list(self._logins)
                if not logins or self._is_ending or self._thread is not me:
                    self._thread = None if self._thread is me else self._thread
                    return
                wait = min(one.seconds_to_renewal() for one in logins)
                if wait > 0:
                    del logins  # a waiting thread must not keep alive what nobody else uses
                    self._changed.wait(min(wait, _LOOK_AGAIN))
                    continue
            for one in logins:
                if one.seconds_to_renewal() <= 0:
                    self._renew(one)
            del logins, one

    @staticmethod
    def _renew(credentials: StoredCredentials) -> None:
        try:
            credentials.renew_ahead()
        except Exception as error:  # noqa: BLE001 - a call will meet it, and tell it to who can act on it
            _log.debug("renewal in the background: %s", type(error).__name__)


renewer = Renewer()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=renewer.before_fork,
        after_in_parent=renewer.after_fork_in_parent,
        after_in_child=renewer.after_fork_in_child,
    )
