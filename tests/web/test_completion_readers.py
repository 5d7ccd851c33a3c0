"""Clients that hold their request open for an answer."""

import pytest

from tests.services.things import offer

QUESTION = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_question_that_never_became_a_job_leaves_nothing_to_cancel(admin, caplog, is_stream):
    offer("alpha")

    answer = admin.post("/v1/chat/completions", {"model": "beta", "stream": is_stream, **QUESTION})

    assert answer.status_code == 404
    assert caplog.messages == []
