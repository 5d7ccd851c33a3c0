"""The unmodified Open WebUI 0.6.5 page, as a client to test against; never committed."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.services.require import missing

VERSION = "0.6.5"
_CACHE = Path(__file__).parents[2] / ".cache"
_PREFIX = "open_webui/frontend/"


def page_folder() -> Path:
    """Give the folder with the built page, unpacking it into `.cache/` on first use.

    Only the page is kept; the wheel, which is large, is deleted again.
    """
    folder = _CACHE / f"openwebui-{VERSION}"
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the processes of a run want it at the same time
        if not (folder / "index.html").is_file():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
        ]
        command += ["--python-version", "3.11", "-d", scratch, f"open-webui=={VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            missing(f"the page of Open WebUI {VERSION}", done.stderr.strip()[-300:])
        unpacked = Path(scratch) / "unpacked"
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extractall(unpacked, [n for n in wheel.namelist() if n.startswith(_PREFIX)])
        shutil.rmtree(folder, ignore_errors=True)
        (unpacked / _PREFIX).rename(folder)
