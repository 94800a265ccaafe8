"""How the token address says no."""

from __future__ import annotations


class OAuthError(Exception):
    """A refusal in OAuth's own words, with the HTTP status it comes with."""

    def __init__(self, error: str, description: str, status: int = 400, *, subtype: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.subtype = subtype

    def document(self) -> dict[str, str]:
        """The body of the answer."""
        body = {"error": self.error, "error_description": self.description}
        return body | ({"error_subtype": self.subtype} if self.subtype else {})
