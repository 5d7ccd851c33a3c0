"""The OpenAPI document, and the pages that show it."""

import json
import re
import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from shared.config.settings import get_settings
from tests.services.browser import start_browser
from web import areas
from web.app import create_app
from web.docs import routes
from web.openapi import HTTPValidationError, document


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.fixture(scope="module")
def written(app):
    return document(app)


@pytest.fixture
def development(monkeypatch):
    settings = get_settings().model_copy(update={"env": "dev"})
    monkeypatch.setattr(routes, "get_settings", lambda: settings)


@pytest.fixture
def address(app, development) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def operations(written):
    for path, methods in written["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(part) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_declared_endpoint_is_in_the_document(app, written):
    declared = {
        (re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "contract")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, method, _ in operations(written)} == declared


def test_every_reference_leads_somewhere(written):
    for reference in references(written):
        place = written
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_every_schema_is_referred_to(written):
    used = {reference.rpartition("/")[2] for reference in references(written)}

    assert not set(written["components"]["schemas"]) - used


def test_operation_ids_are_unique(written):
    ids = [operation["operationId"] for _, _, operation in operations(written)]

    assert len(set(ids)) == len(ids)


def test_every_argument_of_a_path_is_a_parameter(written):
    for path, _, operation in operations(written):
        given = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}

        assert set(re.findall(r"{(\w+)}", path)) == given


def test_every_operation_says_in_one_line_what_it_does(written):
    summaries = [operation["summary"] for _, _, operation in operations(written)]

    assert all(re.fullmatch(r"[A-Z][^\n]+[.!?]", summary) for summary in summaries)


def test_only_public_doors_ask_for_no_credentials(app, written):
    areas_of = {area.blueprint.name: area.who for area in areas.AREAS}
    with app.app_context():
        doors = {
            endpoint.replace(".", "_"): areas.who_may_enter(
                endpoint, areas_of[endpoint.split(".")[0]]
            )
            for endpoint in app.view_functions
            if "." in endpoint
        }

    for _, _, operation in operations(written):
        name = re.sub(r"_\d+$", "", operation["operationId"])
        assert (operation.get("security") == []) == (doors[name] == areas.PUBLIC)


def test_fields_of_a_query_are_parameters(written):
    parameters = written["paths"]["/api/v1/jobs/"]["get"]["parameters"]

    assert {p["name"] for p in parameters} == {"status", "before", "limit"}
    assert all(p["in"] == "query" and not p["required"] for p in parameters)


def test_a_form_of_the_same_name_in_two_areas_is_told_apart(written):
    names = set(written["components"]["schemas"])

    assert {"OllamaConfigForm", "OpenaiConfigForm"} <= names


def test_a_request_that_does_not_fit_is_answered_as_the_document_says(app, written):
    operation = written["paths"]["/api/v1/auths/signin"]["post"]

    answer = app.test_client().post("/api/v1/auths/signin", json={"email": 1})

    assert answer.status_code == 422
    assert operation["responses"]["422"] == {"$ref": "#/components/responses/DoesNotFit"}
    assert HTTPValidationError.model_validate(answer.json).detail[0].loc == ["body", "email"]


def test_the_same_code_gives_the_same_bytes(written):
    assert json.dumps(document(create_app())) == json.dumps(written)


def test_the_command_writes_the_document(app, written):
    result = app.test_cli_runner().invoke(args=["openapi"])

    assert json.loads(result.stdout) == written


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/swagger-ui.css"])
def test_there_is_no_documentation_in_production(app, path):
    assert app.test_client().get(path).status_code == 404


def test_the_document_is_served_in_development(app, written, development):
    assert app.test_client().get("/openapi.json").json == written


def test_the_page_loads_nothing_from_elsewhere(app, development):
    client = app.test_client()

    page = client.get("/docs").text

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(path.startswith("/docs/") for path in loaded)
    assert {client.get(path).status_code for path in loaded} == {200}


def test_an_asset_that_does_not_exist_is_not_found(app, development):
    assert app.test_client().get("/docs/../routes.py").status_code == 404
    assert app.test_client().get("/docs/none.js").status_code == 404


@pytest.mark.browser
def test_a_browser_shows_all_operations(address, written):
    with start_browser() as browser:
        page = browser.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/docs")
        page.wait_for_selector(".opblock-tag-section")
        sections = page.locator(".opblock-tag-section").count()
        page.locator("#operations-tag-jobs button").click()
        page.wait_for_selector("#operations-jobs-jobs_list_jobs")
        page.locator("#operations-jobs-jobs_list_jobs .opblock-summary-control").click()
        page.wait_for_selector("text=Id of the last job of the page before.")

    assert sections == len(written["tags"])
    assert not complaints
