"""What a process loads at its start: every process pays for it in memory and in time to start."""

import json
import os
import subprocess
import sys

import pytest

from tests.rules.source import ROOT

# Where one of these is needed, the function that needs it imports it.
TOO_HEAVY = {
    "aiohttp",
    "alembic",
    "authlib",
    "av",
    "bcrypt",
    "black",
    "boto3",
    "botocore",
    "celery",
    "cryptography.hazmat",
    "fontTools",
    "fpdf",
    "httpx",
    "kombu",
    "kreuzberg",
    "ldap3",
    "markdown_it",
    "mcp",
    "moonshine_voice",
    "numpy",
    "onnxruntime",
    "opentelemetry",
    "PIL",
    "piper",
    "prometheus_client",
    "qdrant_client",
    "requests",
    "semantic_text_splitter",
    "sqlalchemy.dialects.postgresql",
    "tokenizers",
    "tornado",
    "trafilatura",
    "usearch",
    "yaml",
}


AS_LAUNCHED = """
from shared import lean
with lean.without(lean.WORKER_EXTRAS):
    import workers.app
"""
# Which forms a web process has made at its start.
MADE_FORMS = """
import json, wsgi
from pydantic import BaseModel

def below(form):
    return {form}.union(*map(below, form.__subclasses__()))

print(json.dumps([form.__name__ for form in below(BaseModel) if form.__pydantic_complete__]))
"""


def loaded(program: str, folder) -> set[str]:
    """Give the modules that a program has loaded, in a process of its own."""
    return told(f"{program}\nimport json, sys; print(json.dumps(sorted(sys.modules)))", folder)


def told(code: str, folder) -> set[str]:
    """Give the names that a program writes as its last line, in a process of its own."""
    env = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("program", "needs"),
    [
        ("import wsgi", set()),
        (AS_LAUNCHED, {"celery", "kombu"}),
    ],
    ids=["web", "worker"],
)
def test_a_process_loads_nothing_heavy_before_it_is_needed(program, needs, tmp_path):
    assert loaded(program, tmp_path) & TOO_HEAVY <= needs


def test_a_web_process_makes_a_form_when_it_is_first_used(tmp_path):
    forms = {name for name in told(MADE_FORMS, tmp_path) if name.endswith(("Query", "Response"))}

    assert forms == set()


def test_gunicorn_reads_its_settings_before_anything_that_waits_is_loaded():
    """Only then gevent patches; what was loaded before would hold up the whole process."""
    code = "import runpy, sys; runpy.run_path('gunicorn.conf.py'); print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {"redis", "ssl", "shared.redis", "shared.subscriber"} & set(loaded.stdout.split())
