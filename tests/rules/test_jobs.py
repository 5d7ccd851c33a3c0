"""Every job kind has a worker's function, a queue that is served, and a payload without secrets."""

import json
import re
import subprocess
import sys

from tests.rules.source import ROOT, existing, imports, module, python_files

_SECRET = re.compile(r"key|secret|password|token|cookie|authorization", re.IGNORECASE)
# Workers patch the standard library when they are imported: hence a process of their own.
_LIST_NAMES = """
import json
from workers import app, base
print(json.dumps([*app.app.tasks]))
print(json.dumps([*base.works()]))
"""


def _specs():
    return module("shared.kinds").SPECS


def test_every_kind_has_a_function_in_the_workers_and_a_name_in_celery():
    existing("workers/app.py")

    done = subprocess.run(
        [sys.executable, "-c", _LIST_NAMES], cwd=ROOT, capture_output=True, text=True, check=True
    )

    told, loaded = (set(json.loads(line)) for line in done.stdout.splitlines()[-2:])
    kinds = set(_specs())
    assert kinds <= loaded
    assert (
        kinds | {entry["task"] for entry in module("celeryconfig").beat_schedule.values()} <= told
    )


def test_no_row_of_a_completed_job_keeps_what_a_user_wrote():
    """By the names and forms that such fields have; a kind with others names them by itself."""
    wordy = {"body", "prompt", "text", "code", "content", "queries", "messages", "chat", "hint"}
    kept = {
        spec.name: left
        for spec in _specs().values()
        if (left := (wordy & set(spec.payload.model_fields)) - set(spec.texts))
    }
    unknown = {
        spec.name: odd
        for spec in _specs().values()
        if (odd := set(spec.texts) - set(spec.payload.model_fields))
    }

    assert not kept
    assert not unknown


def test_every_kind_waits_in_a_queue_that_some_process_serves():
    commands = existing("Procfile").read_text()
    served = {queue for found in re.findall(r"-Q ([\w,]+)", commands) for queue in found.split(",")}

    unserved = {spec.name: spec.queue for spec in _specs().values() if spec.queue not in served}

    assert not unserved


def test_recordings_are_read_and_written_by_compute_workers_only():
    speech = module("shared.kinds.speech")

    touching = (speech.TRANSCRIBE, speech.TRANSCRIBE_SHORT, speech.SPEAK)

    assert {spec.queue for spec in touching} == {"compute", "quick"}, "processes of their own"
    others = {"openai", "elevenlabs", "azure"}
    wanting = [path for path in python_files("workers/speech/speakers") if _wants_media(path)]
    assert not {path.rpartition("/")[2].removesuffix(".py") for path in wanting} & others


def _wants_media(path):
    return any(name == "workers.speech.media" for name, _ in imports(path))


def test_a_payload_names_no_secret():
    secrets = [
        f"{spec.payload.__name__}.{field}"
        for spec in _specs().values()
        for field in spec.payload.model_fields
        if _SECRET.search(field)
    ]

    assert not secrets


def test_a_payload_refuses_fields_that_it_does_not_know():
    lenient = [
        spec.payload.__name__
        for spec in _specs().values()
        if spec.payload.model_config.get("extra") != "forbid"
    ]

    assert not lenient


def test_a_kinds_name_says_where_its_function_lives():
    odd = [name for name in _specs() if not re.fullmatch(r"[a-z]+\.[a-z_]+", name)]

    assert not odd
