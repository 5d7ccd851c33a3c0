"""Whatever fits the OpenAPI document is answered as the document says, and never with a crash.

A few requests for every operation, made up by schemathesis; many more by
`SCHEMATHESIS_EXAMPLES=50 make test-one t=tests/web/test_openapi_answers.py`.
"""

import json
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import Case

from shared import db
from shared.config.options import get_options
from shared.services import models
from tests.services.caller import new_token
from tests.services.things import describe, new_user
from web.openapi import document

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "2"))
# Making a PDF takes seconds, whatever is in it; tests/web/test_utils.py does.
LEFT_OUT = ("/api/v1/utils/pdf",)


@pytest.fixture
def served(world, worker, openai_server, ollama_server):
    """A world in which whatever is asked is also done."""
    connections = {"OPENAI_API_BASE_URLS": [openai_server.url], "OPENAI_API_KEYS": ["k"]}
    get_options().set({**connections, "OLLAMA_BASE_URLS": [ollama_server.url]})
    models.outdate_offer()
    with db.transaction() as session:
        for model in ("fake-alpha", "fake-alpha:latest"):
            session.merge(describe(model))


def answered(case: Case, token: str):
    """Send a request as an admin, or as a user, whose sign-in stands anew each time."""
    return case.call(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.usefixtures("served")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ["admin", "user"])
def test_no_operation_crashes_or_answers_what_it_does_not_declare(app, role, caplog):
    told = json.loads(json.dumps(document(app)))
    schema = schemathesis.openapi.from_dict(told)
    schema.app = app
    user, wrong = new_user(role), {}

    def check(case: Case) -> None:
        # A path with a line break in it leads nowhere, whatever it begins with.
        assume(str(case.formatted_path).isprintable())
        answer = answered(case, new_token(app, user))
        declared = told["paths"][case.path][case.method.lower()]["responses"]
        if str(answer.status_code) not in declared:
            wrong[f"{case.method} {case.path}"] = (answer.status_code, answer.text[:200])

    few = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in LEFT_OUT:
            few(given(operation.as_strategy())(check))()

    assert not wrong
    assert "a request failed" not in caplog.text
