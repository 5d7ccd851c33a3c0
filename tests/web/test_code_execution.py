"""Running the code of a chat, where a Jupyter server is configured."""

import pytest

from shared.config.options import get_options

PATH = "/api/v1/utils/code/execute"


@pytest.fixture
def server(member, worker, jupyter):
    get_options().set(jupyter.options())


def test_a_users_code_is_run_and_its_output_answered(server, member):
    answer = member.post(PATH, {"code": "print('hi')\n2 + 2"})

    assert answer.status_code == 200
    assert answer.json == {"stdout": "hi", "stderr": "", "result": "4"}


@pytest.mark.parametrize(
    "options", [{"CODE_EXECUTION_ENGINE": "pyodide"}, {"ENABLE_CODE_EXECUTION": False}]
)
def test_where_the_server_runs_no_code_it_says_so(server, member, options):
    get_options().set(options)

    answer = member.post(PATH, {"code": "1"})

    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "Code execution engine not supported",
    )


def test_a_server_that_lets_nobody_in_is_a_clear_400(server, member):
    get_options().set({"CODE_EXECUTION_JUPYTER_AUTH_TOKEN": "wrong"})

    answer = member.post(PATH, {"code": "1"})

    assert answer.status_code == 400
    assert "key" in answer.json["detail"]


def test_code_is_for_active_accounts(stranger, new_caller):
    assert stranger.post(PATH, {"code": "1"}).status_code == 403
    assert new_caller("pending").post(PATH, {"code": "1"}).status_code == 401
