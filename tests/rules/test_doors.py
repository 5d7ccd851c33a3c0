"""Every door has a guard: without credentials nobody gets further than the open ones."""

import re

import pytest

from tests.rules.source import module

# Whoever adds a line here lets strangers in: say why.
OPEN_TO_ALL = {
    "/health",  # process managers and load balancers ask before they know anybody
    "/health/db",
    "/health/ready",  # as these; it tells which part is missing, nothing else
    "/metrics",  # has a token of its own; see METRICS_TOKEN
    "/api/config",  # the page asks it before it can sign in; strangers get the short form
    "/api/version",
    "/api/version/updates",
    "/api/changelog",
    "/manifest.json",
    "/opensearch.xml",
    "/api/v1/auths/signin",
    "/api/v1/auths/signup",
    "/api/v1/auths/ldap",
    "/oauth/<provider_name>/login",  # who comes from a provider has no credential yet
    "/oauth/<provider_name>/callback",
    "/api/v1/auths/signout",  # a page whose token has lapsed signs out all the same
    "/ollama/",  # the page asks whether there is such a thing at all
    "/ws",  # asks for the token in its first message: a browser cannot send a header here
}
PAGE = {"/", "/<path:path>", "/admin/assets/<path:filename>"}  # pages, which know no secrets
DEVELOPMENT = {"/docs", "/docs/<path:filename>", "/openapi.json"}


@pytest.fixture(scope="module")
def app(valkey):
    application = module("web.app").create_app()
    module("launch.migrate").migrate(module("shared.config.settings").get_settings())
    return application


def guarded_rules(app):
    for rule in app.url_map.iter_rules():
        if rule.rule not in OPEN_TO_ALL | PAGE | DEVELOPMENT:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule


def test_every_blueprint_is_listed_with_who_may_enter(app):
    areas = module("web.areas")

    listed = {area.blueprint.name for area in areas.AREAS}
    doors = {area.who for area in areas.AREAS}

    assert set(app.blueprints) - {"docs", "swagger"} <= listed
    assert doors <= {areas.PUBLIC, areas.SIGNED_IN, areas.MEMBER, areas.ADMIN}


def test_nobody_enters_without_credentials(app):
    client = app.test_client()
    let_in = {}

    for method, rule in guarded_rules(app):
        path = re.sub(r"<[^>]+>", "1", rule)
        status = client.open(path, method=method, json={}).status_code
        if status not in (401, 403):
            let_in[f"{method} {rule}"] = status

    assert not let_in


@pytest.mark.parametrize("credential", ["sk-0123456789", "not.a.token", "Zm9v.YmFy.YmF6"])
def test_nobody_enters_with_a_wrong_credential(app, credential):
    client = app.test_client()
    headers = {"Authorization": f"Bearer {credential}"}
    let_in = {}

    for method, rule in guarded_rules(app):
        path = re.sub(r"<[^>]+>", "1", rule)
        status = client.open(path, method=method, json={}, headers=headers).status_code
        if status not in (401, 403):
            let_in[f"{method} {rule}"] = status

    assert not let_in


def test_the_open_doors_are_those_that_exist(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}

    assert not {path for path in OPEN_TO_ALL if path.startswith("/api/v1")} - rules
