"""What stands for the request of a web framework, of which functions may read a little."""

from types import SimpleNamespace
from typing import Any

from .things import ModelsById


class Anything(SimpleNamespace):
    """A state in which every name is nothing, unless it was set."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class Request:
    """A request, as far as it is known here: no cookies, no keys, no body."""

    def __init__(self, told: dict[str, Any] | None = None, *_args: Any, **_kwargs: Any) -> None:
        about = told or {}
        self.method = str(about.get("method", "POST"))
        self.url = str(about.get("url", ""))
        self.base_url = str(about.get("base_url", ""))
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.query_params: dict[str, str] = {}
        self.client = None
        self.state = Anything()
        self.app = SimpleNamespace(state=Anything(config=Anything(), MODELS=ModelsById()))
