"""Packages that a plugin names in its head, installed for it alone.

Only where PLUGINS_REQUIREMENTS allows it, by name and version, and only wheels: nothing of a
package runs outside of the plugin's jail.

Source: pip's documentation, `--target` and `--only-binary`.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from shared.config.settings import get_settings
from shared.errors import Reason
from workers.plugins.base import Code, PluginFailed
from workers.providers.errors import Aborted
from workers.providers.line import Cut

_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][\w.-]*(\[[\w.,\s-]+\])?(\s*(===?|[<>~!]=|[<>])\s*[\w.*+!-]+)*", re.ASCII
)
_PATIENCE_S = 600.0
_PIP = (
    *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
    *("--no-warn-conflicts", "--only-binary", ":all:"),
)


def folder_for(code: Code) -> str:
    """Tell where the packages of a plugin lie, or will; empty when it needs or may have none."""
    if not code.requirements or not get_settings().plugins_requirements:
        return ""
    name = hashlib.sha256("\n".join(sorted(code.requirements)).encode()).hexdigest()[:32]
    return str(get_settings().data_dir / "plugins" / "packages" / name)


def ensure(code: Code, cut: Cut) -> None:
    """Install what a plugin needs and this machine does not have yet.

    Raises:
        PluginFailed: It cannot be installed; with pip's words.
        Aborted: `cut` was set.
    """
    folder = Path(folder_for(code))
    if folder == Path() or folder.is_dir():
        return
    for one in code.requirements:
        if not _REQUIREMENT.fullmatch(one):
            raise PluginFailed(f"{code.name} needs {one!r}, which is no name of a package.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = tempfile.mkdtemp(prefix=".draft-", dir=folder.parent)
    try:
        _install(code, draft, cut)
        _open_to_all(draft)
        with contextlib.suppress(OSError):  # another call was first
            os.rename(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _install(code: Code, target: str, cut: Cut) -> None:
    program = [sys.executable, *_PIP, "--target", target, "--", *code.requirements]
    process = subprocess.Popen(  # noqa: S603 -- our own pip; names were checked
        program, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    cut.hold(process.kill)
    try:
        _, said = process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise PluginFailed(f"Installing for {code.name} took too long.", Reason.TIMEOUT) from None
    finally:
        cut.release()
    if cut.is_set:
        raise Aborted
    if process.returncode:
        lines = said.decode("utf-8", "replace").splitlines()
        why = next((line for line in lines if line.startswith("ERROR:")), "pip has failed")
        raise PluginFailed(f"What {code.name} needs cannot be installed: {why[:500]}")


def _open_to_all(folder: str) -> None:
    """Let the user that a plugin becomes read it, however strict this process's umask is."""
    for place, _, names in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: S103 -- packages are no secret
        for name in names:
            os.chmod(os.path.join(place, name), 0o644)
