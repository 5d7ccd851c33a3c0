"""The documents say what the code does: settings, options, the API."""

import json
import re
from pathlib import Path
from typing import Any

from tests.rules.source import existing, module

TOLD_IN_WORDS = {
    "COMFYUI_WORKFLOW",
    "DEFAULT_PROMPT_SUGGESTIONS",
    "IMAGES_EDIT_COMFYUI_WORKFLOW",
    "USER_PERMISSIONS",
}


def _configuration() -> str:
    """Read all pages about settings and options."""
    first = existing("docs/configuration.md")
    pages = sorted((first.parent / "configuration").glob("*.md"))
    return "\n".join(page.read_text("utf-8") for page in [first, *pages])


def _headings() -> set[str]:
    """Names that stand in the headings of these pages."""
    lines = _configuration().splitlines()
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

    assert not names - _headings()


def test_every_option_has_a_heading():
    options = module("shared.config.options")

    assert not set(options.OPTIONS) - _headings()


def test_everything_that_is_counted_is_told_to_operators():
    page = existing("docs/operations.md").read_text("utf-8")
    metrics = module("shared.metrics.catalogue").METRICS

    assert not [one.name for one in metrics if f"`{one.name}`" not in page]


def test_no_heading_names_what_does_not_exist():
    settings, options = module("shared.config.settings"), module("shared.config.options")
    known = {name.upper() for name in settings.Settings.model_fields} | set(options.OPTIONS)
    known |= {f"{area}_LOG_LEVEL" for area in settings.LOG_AREAS}
    headings = {name for name in _headings() if "_" in name}

    assert not headings - known


def test_nothing_that_is_there_is_said_to_be_without_effect():
    page = existing("docs/configuration/openwebui.md").read_text("utf-8")
    cells = re.findall(r"^\| (.+?) \|", page.split("## Without effect")[1], re.MULTILINE)
    named = " ".join(cells)
    exact = set(re.findall(r"[A-Z][A-Z0-9_]+\b", named))
    begun = tuple(re.findall(r"([A-Z][A-Z0-9_]*_)…", named))

    there = {name for name in _headings() if name in exact or name.startswith(begun)}

    assert there == {"OFFLINE_MODE"}  # accepted, and says so itself


def _told_defaults() -> dict[str, str]:
    """Give what stands at the beginning of each section that is about one name."""
    sections = re.findall(r"^### ([A-Z0-9_]+)\n\n(.+)$", _configuration(), re.MULTILINE)
    return {name: first.removeprefix("Option, ") for name, first in sections}


def _written(default: Any) -> str:
    """Write a default as the document does."""
    if isinstance(default, list) and len(default) == 1:
        return _written(default[0])
    if default is None or default == "":
        return "empty"
    if isinstance(default, bool | list | dict):
        return f"`{json.dumps(default)}`"
    if isinstance(default, Path):
        return f"`./{default}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_every_default_in_the_document_is_the_one_that_counts():
    settings, options = module("shared.config.settings"), module("shared.config.options")
    defaults = {
        name.upper(): field.default for name, field in settings.Settings.model_fields.items()
    }
    defaults |= {option.name: option.default for option in options.OPTIONS.values()}
    told = _told_defaults()

    wrong = {
        name: (told[name][:40], _written(default))
        for name, default in defaults.items()
        if name in told
        and name not in TOLD_IN_WORDS
        and not told[name].startswith(_written(default))
    }
    assert not wrong


def test_the_openapi_document_is_the_one_that_the_code_gives():
    kept = json.loads(existing("docs/openapi.json").read_text())

    given = module("web.openapi").document(module("web.app").create_app())

    assert kept == json.loads(json.dumps(given)), "run `make openapi`"
