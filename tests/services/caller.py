"""Somebody who calls the web application inside this process, signed in or not."""

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from shared import db
from shared.services.accounts import Principal
from tests.services.things import new_user
from web import auth


@dataclass(frozen=True)
class Caller:
    """One who calls; answers come as werkzeug's test responses.

    Attributes:
        app: The application that is called.
        user: Who it is; None for a stranger.
        token: Sent as bearer with every request when it is not empty.
    """

    app: Flask
    user: Principal | None = None
    token: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The account's id."""
        assert self.user is not None, "a stranger has no id"
        return self.user.id

    def get(self, path: str, **options: Any) -> TestResponse:
        """Read."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a body, as JSON unless it is bytes."""
        return self.send("POST", path, body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Delete."""
        return self.send("DELETE", path, body, **options)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send one request; no cookie is kept between two."""
        headers = {**options.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        if body is None:
            content = {}
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **content, **options)

    def with_token(self, token: str) -> "Caller":
        """Give the same caller with another credential."""
        return Caller(self.app, self.user, token)


def signed_in(app: Flask, role: str = "user") -> Caller:
    """Open an account and sign it in, without the cost of a password."""
    user = new_user(role)
    return Caller(app, user, new_token(app, user))


def new_token(app: Flask, user: Principal) -> str:
    """Sign a user in once more."""
    with app.test_request_context(), db.transaction():
        return auth.issue_token(user.id)[0]
