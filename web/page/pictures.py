"""Pictures that accounts and models have until they get others; a built page brings its own."""

from pathlib import Path

from shared.config.settings import get_settings
from web.disk import inside

_OURS = Path(__file__).parent / "static"
_NAMES = {
    "favicon.ico": "favicon.png",
    "favicon.png": "favicon.png",
    "static/favicon.png": "favicon.png",
    "static/favicon.svg": "favicon.svg",
    "static/logo.png": "logo.png",
    "static/splash.png": "logo.png",
    "static/user.png": "user.png",
    "user.png": "user.png",
}


def find(path: str) -> Path | None:
    """Find what stands at an address of this server: a file of the built page, else a picture of
    ours.
    """
    build = get_settings().frontend_build_dir
    file = inside(Path(build), path) if build else None
    return _OURS / _NAMES[path] if file is None and path in _NAMES else file


def of_users() -> Path:
    """Give the picture of users who have no other."""
    return find("user.png") or _OURS / "user.png"


def of_models() -> Path:
    """Give the picture of models that have no other."""
    return find("static/favicon.png") or _OURS / "favicon.png"
