"""A real OpenID Connect server for tests: oidc-provider, on Node."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.services.process import Process
from tests.services.require import missing
from tests.services.waiting import free_ports

FOLDER = Path(__file__).with_name("oidc")
CLIENT_ID, CLIENT_SECRET = "switchyard", "client-secret"
REDIRECT_URI = "http://localhost/oauth/oidc/callback"
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class IdentityProvider:
    """Where the server is; its people stand in `oidc/server.mjs`."""

    issuer: str
    process: Process

    @property
    def discovery(self) -> str:
        """Address of its configuration."""
        return self.issuer + _DISCOVERY

    def sign_in(self, url: str, person: str) -> httpx.URL:
        """Do what a browser does that is sent there: sign in, and be sent back; gives where to."""
        with httpx.Client() as browser:
            answer = browser.get(url, params={**httpx.URL(url).params, "login_hint": person})
            while answer.has_redirect_location:
                place = httpx.URL(self.issuer).join(answer.headers["location"])
                if not str(place).startswith(self.issuer):
                    return place
                answer = browser.get(place)
        raise AssertionError(f"the provider answers with {answer.status_code}: {answer.text[:500]}")


def start_identity_provider(folder: Path) -> IdentityProvider:
    """Start a server.

    Args:
        folder: Holds its log.
    """
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").exists():
        missing("the OpenID Connect server", "install Node 20 with npm, and make setup")
    port = free_ports(1)
    issuer = f"http://127.0.0.1:{port}"
    command = [node, str(FOLDER / "server.mjs"), str(port), REDIRECT_URI]
    process = Process(
        "oidc", command, dict(os.environ), folder / "oidc.log", folder, lambda _: _answers(issuer)
    )
    process.start()
    return IdentityProvider(issuer, process)


def _answers(issuer: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(issuer + _DISCOVERY, timeout=2).status_code == 200
    return False
