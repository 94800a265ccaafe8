"""From Google's name of a method in its monitoring to ours."""

from __future__ import annotations

import re
from functools import cache

from ytquota.prices import PriceBook, canonical

# youtube.api.v3.V3DataPlaylistItemService.List
_SERVICE = re.compile(r"(?:[\w.]+\.)?(?:V3Data)?([A-Z]\w*?)Service\.(\w+)")
_PLURALS = (("ies", "y"), ("s", ""))


def method_of(label: str) -> tuple[str, bool]:
    """Return the name of the method that a ``method`` label means, and whether it is one we know.

    Google writes the method of the gRPC service behind the API, with the resource in the singular; the names
    of the discovery document are taken as well. Of a label that means nothing to us the text is kept.
    """
    match = _SERVICE.fullmatch(label)
    name = _known().get(_folded(f"{match[1]}.{match[2]}")) if match else None
    name = name or _known().get(_folded(canonical(label)))
    return (name, True) if name else (label, False)


@cache
def _known() -> dict[str, str]:
    return {_folded(method): method for method in PriceBook.load().methods()}


def _folded(method: str) -> str:
    """The resource in the singular, and all of it in small letters."""
    resource, _, action = method.rpartition(".")
    for plural, singular in _PLURALS:
        if resource.endswith(plural):
            resource = resource.removesuffix(plural) + singular
            break
    return f"{resource}.{action}".lower()
