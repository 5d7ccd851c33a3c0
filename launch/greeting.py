"""Tells, once the web tier answers, where everything is and how to ask a first question."""

import json
import os
import signal
import time
import urllib.request

from launch.output import as_json
from shared.config.settings import Settings

_PATIENCE_S = 120.0
_POLL_S = 0.05
_LOCAL_MODEL = "smollm2-135m"


def begin(settings: Settings, commands: dict[str, str], *others_fds: int) -> None:
    """Fork a process that waits for the web tier, prints the greeting and ends.

    Args:
        settings: Addresses and names.
        commands: The processes that are started.
        others_fds: Descriptors that the forked process must not keep open.
    """
    parent = os.getpid()
    if os.fork():
        return
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for fd in others_fds:
            os.close(fd)
        _wait_and_greet(settings, commands, parent)
    finally:
        os._exit(0)


def _wait_and_greet(settings: Settings, commands: dict[str, str], parent: int) -> None:
    base = base_url(settings)
    deadline = time.monotonic() + _PATIENCE_S
    while _answer(base + "/health") is None:
        if os.getppid() != parent or time.monotonic() > deadline:
            return
        time.sleep(_POLL_S)
    if settings.log_format == "json":
        os.write(1, as_json("launch", f"Switchyard answers at {base}".encode()) + b"\n")
        return
    text = greeting(
        settings, commands, is_new=bool((_answer(base + "/api/config") or {}).get("onboarding"))
    )
    os.write(1, text.encode())


def base_url(settings: Settings) -> str:
    """Give the address at which this machine reaches the web tier."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  (not bound)
    return f"http://{host}:{settings.port}"


def greeting(settings: Settings, commands: dict[str, str], *, is_new: bool) -> str:
    """Compose the greeting.

    Args:
        settings: Addresses and names.
        commands: The processes that run.
        is_new: Whether the first account is still to be made.
    """
    base = base_url(settings)
    lines = ["", f"  Switchyard answers at {base}"]
    if settings.is_dev:
        lines.append(f"  API documentation     {base}/docs")
    if "flower" in commands:
        secret = (
            "FLOWER_PASSWORD" if settings.flower_password else settings.data_dir / "flower_password"
        )
        lines.append(
            f"  Flower (operators)    http://127.0.0.1:{settings.flower_port}"
            f" as {settings.flower_user}, password in {secret}"
        )
    lines += [
        f"  Data                  {settings.data_dir}",
        "",
        *_first_question(base, "models" in commands, is_new),
        "",
        "",
    ]
    return "\n".join(lines)


def _first_question(base: str, has_local_model: bool, is_new: bool) -> list[str]:
    form = '"email": "ada@example.com", "password": "Secret-pw-1!"'
    headline, door = "Sign in as yourself, and ask something:", "signin"
    if is_new:
        headline, door = "Make the first account, and ask something:", "signup"
        form = f'"name": "Ada", {form}'
    bearer = '-H "authorization: Bearer $TOKEN"'
    json_type = "-H 'content-type: application/json'"
    model, find_model, hint = _LOCAL_MODEL, [], []
    if not has_local_model:
        hint = [
            "  No local models run: others come from OPENAI_API_BASE_URLS and OLLAMA_BASE_URLS,",
            "  in .env or in the admin's settings.",
            "",
        ]
        model = "'$MODEL'"
        find_model = [
            f"MODEL=$(curl -s {base}/api/models {bearer}"
            r""" | tr '{,' '\n\n' | sed -nE 's/^ *"id": *"([^"]+)".*/\1/p' | head -1)"""
        ]
    question = (
        f'"model": "{model}", "stream": true,'
        ' "messages": [{"role": "user", "content": "What is the capital of France?"}]'
    )
    return [
        *hint,
        f"  {headline}",
        f"TOKEN=$(curl -s {base}/api/v1/auths/{door} {json_type} -d '{{{form}}}'"
        r""" | sed -E 's/.*"token": *"([^"]+)".*/\1/')""",
        *find_model,
        f"curl -N {base}/api/chat/completions {bearer} {json_type} -d '{{{question}}}'",
    ]


def _answer(url: str) -> dict[str, object] | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  (our own http address)
            answer = json.load(response)
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
