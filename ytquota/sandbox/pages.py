"""The consent page; and the sandbox's sums and log as JSON, for other programs on the same machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ytquota.sandbox import consent
from ytquota.sandbox.oauth_error import OAuthError
from ytquota.sandbox.router import discovery_document

if TYPE_CHECKING:
    from starlette.requests import Request

    from ytquota.sandbox.oauth import OAuth
    from ytquota.sandbox.state import State

_CONSENT = ("/o/oauth2/auth", "/o/oauth2/v2/auth")
_DISCOVERY = ("/discovery/v1/apis/youtube/v3/rest", "/$discovery/rest")


def routes(state: State, oauth: OAuth) -> list[Route]:
    """Every page."""
    pages = Pages(state, oauth)
    return [
        Route("/", pages.home),
        Route("/sandbox/billed", pages.billed),
        Route("/sandbox/access_log", pages.access_log),
        *(Route(path, pages.ask, methods=["GET"]) for path in _CONSENT),
        *(Route(path, pages.decide, methods=["POST"]) for path in _CONSENT),
        *(Route(path, pages.discovery) for path in _DISCOVERY),
    ]


class Pages:
    """The handlers."""

    def __init__(self, state: State, oauth: OAuth) -> None:
        self._state = state
        self._oauth = oauth

    async def home(self, request: Request) -> Response:
        """Say what this is."""
        return _json(
            {
                "what": "ytquota's sandbox: a YouTube Data API v3 on this machine; nothing reaches Google.",
                "discovery": str(request.base_url) + _DISCOVERY[0][1:],
                "billed": str(request.base_url) + "sandbox/billed",
                "access_log": str(request.base_url) + "sandbox/access_log",
            }
        )

    async def billed(self, _: Request) -> Response:
        """Units charged, by project, bucket and method."""
        with self._state.lock:
            return _json(self._state.log.billed())

    async def access_log(self, _: Request) -> Response:
        """What came in."""
        with self._state.lock:
            return _json(self._state.log.rows())

    async def discovery(self, request: Request) -> Response:
        """The discovery document with its addresses on the sandbox."""
        base = str(request.base_url)
        return _json({**discovery_document(), "rootUrl": base, "baseUrl": base, "mtlsRootUrl": base})

    async def ask(self, request: Request) -> Response:
        """Show the consent page."""
        params = dict(request.query_params)
        with self._state.lock:
            try:
                ask = self._oauth.asked(params)
            except OAuthError as error:
                return _blocked(error)
            if not self._state.accounts.channels:
                self._state.accounts.add_channel()
            channels = dict(self._state.accounts.channels)
        return HTMLResponse(consent.page(ask, channels, params, request.url.path))

    async def decide(self, request: Request) -> Response:
        """Take the person's decision back to the program."""
        form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        params = {name: values[0] for name, values in form.items()}
        with self._state.lock:
            try:
                ask = self._oauth.asked(params)
            except OAuthError as error:
                return _blocked(error)
            if params.get("decision") != "allow":
                return RedirectResponse(ask.back(error="access_denied"), status_code=302)
            channel = params.get("account") or self._state.accounts.add_channel()
            target = self._oauth.agree(ask, channel, tuple(form.get("scope_granted", ())))
        return RedirectResponse(target, status_code=302)


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _blocked(error: OAuthError) -> Response:
    return HTMLResponse(consent.refusal(error.error, error.description), status_code=error.status)
