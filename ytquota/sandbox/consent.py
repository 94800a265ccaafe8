"""The consent page: which account, which permissions, Allow or Deny."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ytquota.sandbox.router import known_scopes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ytquota.sandbox.oauth import Ask

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: start center; padding: 2rem 1rem; }
main { max-width: 34rem; width: 100%; }
.note { border-left: .3rem solid #b3261e; padding: .25rem 1rem; }
fieldset { border: 1px solid #8888; border-radius: .5rem; margin: 1rem 0; padding: .75rem 1rem; }
label { display: flex; gap: .75rem; align-items: baseline; padding: .4rem 0; }
small { display: block; overflow-wrap: anywhere; opacity: .8; }
.actions { display: flex; gap: 1rem; justify-content: flex-end; }
button { font: inherit; padding: .6rem 1.6rem; border-radius: .5rem; border: 1px solid #8888; }
button[value=allow] { background: #0b57d0; color: #fff; border-color: #0b57d0; }
button:focus-visible, input:focus-visible { outline: 3px solid #f29900; outline-offset: 2px; }
"""


def page(ask: Ask, channels: Mapping[str, str], params: Mapping[str, str], action: str) -> str:
    """The form; `params` travel along hidden, so that the answer is checked as the question was."""
    accounts = "".join(_account(index, ident, title) for index, (ident, title) in enumerate(channels.items()))
    scopes = "".join(_scope(scope) for scope in ask.scopes)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in params.items()
        if name not in ("scope_granted", "account", "decision")
    )
    return _document(
        "Sign in to the ytquota sandbox",
        f"""<p class="note" role="note">This is a sandbox on your own machine; no Google account is used.</p>
<p>A program of project <strong>{escape(ask.client.project.number)}</strong> asks for a channel of yours.</p>
<form method="post" action="{escape(action)}">{hidden}
<fieldset><legend>Choose a channel</legend>{accounts}</fieldset>
<fieldset><legend>Select what the program may do</legend>{scopes}</fieldset>
<div class="actions"><button name="decision" value="deny">Deny</button>
<button name="decision" value="allow">Allow</button></div></form>""",
    )


def refusal(error: str, description: str) -> str:
    """The page for a program that asked wrongly."""
    return _document(
        "Access blocked", f'<p role="alert">{escape(description)}</p><p>Error: {escape(error)}</p>'
    )


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _account(index: int, ident: str, title: str) -> str:
    checked = " checked" if index == 0 else ""
    return (
        f'<label><input type="radio" name="account" value="{escape(ident)}" required{checked}>'
        f"<span>{escape(title)}<small>{escape(ident)}</small></span></label>"
    )


def _scope(scope: str) -> str:
    meaning = known_scopes().get(scope, scope.rpartition("/")[2])
    return (
        f'<label><input type="checkbox" name="scope_granted" value="{escape(scope)}" checked>'
        f"<span>{escape(meaning)}<small>{escape(scope)}</small></span></label>"
    )
