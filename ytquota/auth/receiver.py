"""The web server on loopback to which the consent page sends the browser back.

It stands in for google_auth_oauthlib's `run_local_server`, which ends at the first stray request (a favicon),
waits for ever on a connection that a browser opened in advance, cannot be cancelled, and logs the code.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>ytquota login</title>
<body style="font: 16px/1.5 sans-serif; max-width: 36em; margin: 4em
auto"><h1>{title}</h1><p>{text}</p></body></html>
"""


class Receiver:
    """A web server on loopback that waits for the redirected browser, and ignores whatever else comes along.

    Args:
        redirect: the redirect address to serve; port 0 picks a free one.
    """

    def __init__(self, redirect: str = "http://127.0.0.1:0/") -> None:
        parts = urlsplit(redirect)
        try:
            self._server = _Server(("127.0.0.1", 80 if parts.port is None else parts.port), _Handler)
        except OSError as error:
            raise CredentialError(
                f"{redirect} cannot be listened on ({error.strerror}). End the program that uses the port, "
                "or use an OAuth client of type 'Desktop app', which takes any free port."
            ) from None
        self._thread: threading.Thread | None = None
        self.redirect = redirect.replace(":0/", f":{self._server.server_port}/")

    def listen(self, answers: Callable[[str], bool], receive: Callable[[str], None]) -> None:
        """Serve in a thread; hand every address that `answers` accepts to `receive`."""
        self._server.answers, self._server.receive = answers, receive
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="ytquota-login", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        if self._thread is not None:  # shutdown() waits for ever for a server that never ran
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # an idle connection of the browser must not hold the login up
    answers: Callable[[str], bool]
    receive: Callable[[str], None]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30

    def do_GET(self) -> None:
        address = f"http://{self.headers.get('Host', '127.0.0.1')}{self.path}"
        if not self.server.answers(address):
            self._send(
                404, "Not this page", "ytquota waits here for the answer to a login, and this is not it."
            )
        elif "error" in parse_qs(urlsplit(address).query):
            self._send(
                200,
                "Not allowed",
                "You did not allow the access. Nothing was saved; you may close this page.",
            )
            self.server.receive(address)
        else:
            self._send(200, "Thank you", "ytquota has your answer. You may close this page.")
            self.server.receive(address)

    def _send(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the request line holds the code."""
