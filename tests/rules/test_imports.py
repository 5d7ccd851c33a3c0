"""Which part may import what, and which library is known where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.source import PRODUCT, ROOT, imports, python_files, tree

CELERY_HOMES = (
    "celeryconfig.py",
    "shared/broker.py",
    "workers/app.py",
    "workers/base.py",
    "workers/green.py",
    "workers/monitoring.py",
    "workers/pool.py",
    "workers/poller.py",
    "launch/celery.py",
    "launch/beat.py",
    "launch/flower/",
)
# A library stands behind one wall, so that it can be changed in one place.
HOMES = {
    "flask": ("web/", "wsgi.py"),
    "flask_sock": ("web/",),
    "flask_jwt_extended": ("web/",),
    "flask_migrate": ("web/",),
    "flask_sqlalchemy": ("web/", "shared/db.py"),
    "werkzeug": ("web/",),
    "socketio": ("web/",),
    "simple_websocket": ("web/", "workers/images/comfyui_socket.py", "workers/code/jupyter.py"),
    "celery": (*CELERY_HOMES, "launch/flower/", "launch/celery.py"),
    "kombu": CELERY_HOMES,
    "httpx": (
        "workers/providers/",
        "workers/servers.py",
        "shared/storage/",
        "shared/http.py",
        "shared/identity/",
    ),
    "authlib": ("shared/identity/",),
    "joserfc": ("shared/identity/",),
    "ldap3": ("shared/identity/",),
    "boto3": ("shared/storage/",),
    "av": ("workers/speech/media.py",),
    "moonshine_voice": ("workers/speech/listeners/moonshine.py",),
    "piper": (),  # under the GPL: a program of its own, never a part of ours
    "botocore": ("shared/storage/",),
}
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv")


def test_the_layers_import_only_downwards():
    lint_imports = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_only_at_home(library):
    strangers = [
        f"{path}:{line}"
        for path in python_files(*PRODUCT, "wsgi.py", "celeryconfig.py", "gunicorn.conf.py")
        for name, line in imports(path)
        if name.partition(".")[0] == library and not path.startswith(HOMES[library])
    ]

    assert not strangers


def test_the_environment_is_read_only_by_the_settings():
    # The last two set the environment of what they start.
    allowed = ("shared/config/settings.py", "launch/", "workers/plugins/inside/jail.py")

    readers = [
        f"{path}:{node.lineno}"
        for path in python_files(*PRODUCT, "wsgi.py", "celeryconfig.py", "gunicorn.conf.py")
        if not path.startswith(allowed)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ENVIRONMENT)
        or (isinstance(node, ast.ImportFrom) and node.module == "os")
    ]

    assert not readers
