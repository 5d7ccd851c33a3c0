"""Running Python on a real Jupyter server."""

import threading
from base64 import b64decode

import pytest

from shared.config.options import get_options
from shared.errors import Forbidden, Invalid, Unavailable
from tests.services.waiting import wait_until
from workers.code.jupyter import PICTURE, Output, configured, run

pytestmark = pytest.mark.usefixtures("world")

# The smallest PNG.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
    "RU5ErkJggg=="
)


@pytest.fixture
def server(jupyter):
    """Give the server as it is configured: `server(auth="password")`."""

    def make(**changes):
        auth = changes.pop("auth", "token")
        options = jupyter.options(auth=auth)
        options |= {f"CODE_EXECUTION_JUPYTER_{name}": value for name, value in changes.items()}
        get_options().set(options)
        return configured("CODE_EXECUTION")

    return make


def output(server, code):
    return run(server, code, lambda: None)


@pytest.mark.parametrize("auth", ["token", "password"])
def test_code_is_run_and_says_what_it_prints_and_gives(server, auth):
    found = output(server(auth=auth), "print('hello')\nimport sys\nsys.stderr.write('hm')\n1 + 1")

    assert found == {"stdout": "hello", "stderr": "hm", "result": "2"}


def test_what_the_code_does_wrong_stands_in_its_output(server):
    found = output(server(), "print('before')\n1 / 0")

    assert found["stdout"] == "before"
    assert "ZeroDivisionError: division by zero" in found["stderr"]
    assert "\x1b" not in found["stderr"]


def test_a_picture_is_a_line_of_the_result(server):
    code = (
        "from base64 import b64decode\nfrom IPython.display import Image, display\n"
        f"display(Image(b64decode('{PIXEL}')))\n'said'"
    )

    picture, text = output(server(), code)["result"].split("\n")

    assert b64decode(picture.removeprefix(PICTURE)) == b64decode(PIXEL)
    assert text == "'said'"


def test_every_piece_of_code_has_a_kernel_of_its_own(server, jupyter):
    output(server(), "x = 1")

    assert "NameError" in output(server(), "x")["stderr"]
    wait_until(lambda: jupyter.kernels() == 0, 10, "the kernels to be gone")


def test_code_that_runs_too_long_is_stopped_and_keeps_what_it_has_said(server, jupyter):
    found = output(server(TIMEOUT=2), "print('begun', flush=True)\nwhile True: pass")

    assert found["stdout"] == "begun"
    assert "more than 2 seconds" in found["stderr"]
    wait_until(lambda: jupyter.kernels() == 0, 10, "the kernel to be gone")


def test_a_stop_ends_the_code_at_once(server, jupyter):
    stopped = threading.Event()
    timer = threading.Timer(1.5, stopped.set)
    timer.start()

    def check():
        if stopped.is_set():
            raise Forbidden("stopped")

    with pytest.raises(Forbidden, match="stopped"):
        run(server(), "import time\ntime.sleep(60)", check)
    timer.join()
    wait_until(lambda: jupyter.kernels() == 0, 10, "the kernel to be gone")


def test_a_flood_is_cut():
    found = Output()

    for _ in range(300):
        found.add(found.stdout, "x" * 10_000)

    assert len(found.as_json()["stdout"]) == 1_000_000


def test_nobody_can_be_asked_for_input(server):
    assert "StdinNotImplementedError" in output(server(), "input()")["stderr"]


def test_a_kernel_that_dies_is_a_clear_error(server):
    found = output(server(), "import os\nos._exit(1)")

    assert found["stderr"] == "The kernel has died."


@pytest.mark.parametrize("changes", [{"AUTH_TOKEN": "wrong"}, {"auth": ""}])
def test_who_is_not_let_in_says_so(server, changes):
    with pytest.raises(Forbidden):
        output(server(**changes), "1")


def test_a_wrong_password_says_so(server):
    with pytest.raises(Forbidden):
        output(server(auth="password", AUTH_PASSWORD="wrong"), "1")


def test_a_server_that_is_away_says_so(server):
    with pytest.raises(Unavailable):
        output(server(URL="http://127.0.0.1:9"), "1")


def test_without_an_address_nothing_is_run(world):
    with pytest.raises(Invalid, match="CODE_INTERPRETER_JUPYTER_URL"):
        configured("CODE_INTERPRETER")
