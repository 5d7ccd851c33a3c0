"""What is said once everything answers."""

import re
import subprocess

import pytest

from launch.greeting import greeting
from shared.config.settings import load

ALL = {"web": "", "flower": "", "models": ""}


@pytest.fixture
def settings(tmp_path):
    return load({"DATA_DIR": str(tmp_path), "PORT": "8123", "FLOWER_PORT": "5678"})


def test_it_tells_all_addresses_and_no_password(settings):
    text = greeting(settings, ALL, is_new=True)

    assert "http://127.0.0.1:8123\n" in text
    assert (
        f"http://127.0.0.1:5678 as operator, password in {settings.data_dir}/flower_password"
        in text
    )


def test_documentation_is_named_only_where_it_is_served(settings):
    dev = settings.model_copy(update={"env": "dev"})

    assert "8123/docs" in greeting(dev, ALL, is_new=True)
    assert "/docs" not in greeting(settings, ALL, is_new=True)


def test_an_address_for_everybody_is_told_as_one_that_works_here(settings):
    everywhere = settings.model_copy(update={"host": "::"})

    assert "http://[::1]:8123\n" in greeting(everywhere, ALL, is_new=True)


def test_the_first_account_signs_up_and_later_ones_sign_in(settings):
    assert "/auths/signup" in greeting(settings, ALL, is_new=True)
    assert "/auths/signin" in greeting(settings, ALL, is_new=False)


@pytest.mark.parametrize("processes", [ALL, {"web": ""}])
def test_the_lines_to_copy_are_a_shell_script(settings, processes):
    lines = greeting(settings, processes, is_new=True).splitlines()
    script = "\n".join(line for line in lines if re.match(r"[A-Z]+=|curl ", line))

    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert ("smollm2-135m" in script) is ("models" in processes)


@pytest.mark.parametrize("processes", [ALL, {"web": ""}])
def test_without_local_models_it_says_where_others_come_from(settings, processes):
    text = greeting(settings, processes, is_new=True)

    assert ("OPENAI_API_BASE_URLS and OLLAMA_BASE_URLS" in text) is ("models" not in processes)
