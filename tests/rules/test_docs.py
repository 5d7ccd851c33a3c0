"""The documents say what the code does: settings, options, the API."""

import json
import re

from tests.rules.source import existing, module


def _headings(path: str) -> set[str]:
    """Names that stand in the headings of a document."""
    lines = existing(path).read_text().splitlines()
    return {
        word
        for line in lines
        if line.startswith("#")
        for word in re.findall(r"[A-Z0-9_]{2,}", line)
    }


def test_every_setting_has_a_heading():
    settings = module("shared.config.settings")
    names = {name.upper() for name in settings.Settings.model_fields} - {"LOG_LEVELS"}
    names |= {f"{area}_LOG_LEVEL" for area in settings.LOG_AREAS}

    assert not names - _headings("docs/configuration.md")


def test_every_option_has_a_heading():
    options = module("shared.config.options")

    assert not set(options.OPTIONS) - _headings("docs/configuration.md")


def test_no_heading_names_what_does_not_exist():
    settings, options = module("shared.config.settings"), module("shared.config.options")
    known = {name.upper() for name in settings.Settings.model_fields} | set(options.OPTIONS)
    known |= {f"{area}_LOG_LEVEL" for area in settings.LOG_AREAS}
    headings = {name for name in _headings("docs/configuration.md") if "_" in name}

    assert not headings - known


def test_the_openapi_document_is_the_one_that_the_code_gives():
    kept = json.loads(existing("docs/openapi.json").read_text())

    given = module("web.openapi").document(module("web.app").create_app())

    assert kept == json.loads(json.dumps(given)), "run `make openapi`"
