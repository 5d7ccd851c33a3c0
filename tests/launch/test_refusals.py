"""A start that cannot be: one line says which setting is to blame, and nothing is left running."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.launch.conftest import ROOT
from tests.services.stack import procfile, shell
from tests.services.waiting import free_port

NOWHERE = "127.0.0.1:1"


def _start(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "HOME": str(folder),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "LOCAL_MODELS": "0",
        "REDIS_URL": "",
        "DATABASE_URL": "",
        **env,
    }
    return subprocess.run(
        [sys.executable, "-m", "launch"],
        env={**os.environ, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eighty", "the setting PORT cannot be used: it has to be a whole number."),
        ("ENABLE_OPENAI_API", "maybe", "ENABLE_OPENAI_API cannot be used: it has to be true"),
        ("JWT_EXPIRES_IN", "soon", "JWT_EXPIRES_IN cannot be used: it has to be a number with"),
        ("DEFAULT_USER_ROLE", "king", "the setting DEFAULT_USER_ROLE cannot be used: it has to be"),
        ("WEBUI_BANNERS", "[{", "the setting WEBUI_BANNERS cannot be used: it has to be"),
        ("HOST", "192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("HOST", "nowhere.invalid", "nowhere.invalid is no address of this machine"),
        ("DATA_DIR", "/dev/null/data", "DATA_DIR cannot be used: /dev/null"),
        ("REDIS_URL", f"redis://:hush@{NOWHERE}/0", "the server of REDIS_URL does not answer"),
        ("DATABASE_URL", f"postgresql://a:hush@{NOWHERE}/b", "of DATABASE_URL does not answer"),
        ("DATABASE_URL", "sqlite:////dev/null/x.db", "the database cannot be made: /dev/null"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path, name, value, words):
    done = _start(tmp_path, **{name: value})

    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert said.startswith("switchyard: ")
    assert words in said
    assert said.count("\n") == 1
    assert "hush" not in said


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("run/Procfile", "DATA_DIR cannot be used: "),
        ("valkey/password", "DATA_DIR cannot be used: "),
        ("switchyard.db", "switchyard.db cannot be read: unable to open database file"),
    ],
)
def test_a_part_of_the_data_that_cannot_be_used_stops_the_start_with_one_line(
    tmp_path, path, words
):
    (tmp_path / "data" / path).mkdir(
        parents=True
    )  # as if another user's, which stops everybody but root

    done = _start(tmp_path)

    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert said.startswith("switchyard: ")
    assert words in said
    assert path in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["web", "inference", "compute"])
@pytest.mark.parametrize("setting", ["JOB_LEASE_S", "ENABLE_OPENAI_API"])
def test_a_process_that_somebody_else_starts_ends_by_itself_as_well(tmp_path, name, setting):
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DATA_DIR": str(tmp_path),
        "PORT": str(free_port()),
        setting: "wrong",
    }

    done = subprocess.run(
        shell(procfile()[name]),
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode in (1, 3)
    assert f"switchyard: the setting {setting} cannot be used" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_password_of_redis_is_told(tmp_path, valkey):
    url = valkey.url.replace("redis://", "redis://somebody:hush@")

    done = _start(tmp_path, REDIS_URL=url)

    assert done.returncode == 1
    assert "the server of REDIS_URL does not answer: " in done.stderr
    assert "hush" not in done.stderr
