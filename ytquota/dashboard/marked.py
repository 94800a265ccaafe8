"""Sentences for people as HTML: what stands in backticks is a command or a name, and looks like one."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def marked(text: str) -> str:
    """Escape a text, and set what is in backticks in the letters of code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
