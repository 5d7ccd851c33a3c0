"""What an admin had set: the tree that Open WebUI keeps of it."""

from shared import db
from shared.config.options import get_options
from shared.movein.report import Report
from shared.movein.row import Broken, Row
from shared.movein.source import Source
from shared.services import accounts, configuration

_NOUN = "settings"


def bring(source: Source, report: Report) -> None:
    """Save the settings that can be used here and were not saved here already."""
    report.begin(_NOUN)
    values, problems = configuration.usable(_tree(source, report))
    for name, why in problems.items():
        report.leave_out(_NOUN, name, why)
    saved = get_options().saved()
    new = {name: value for name, value in values.items() if name not in saved}
    report.present[_NOUN] += len(values) - len(new)
    report.brought[_NOUN] += len(new)
    if not report.is_dry:
        get_options().set(new)


def close_sign_up(report: Report) -> None:
    """Close the sign-up unless somebody has decided about it, as the first account does."""
    if report.is_dry or "ENABLE_SIGNUP" in get_options().saved():
        return
    with db.transaction():
        if accounts.has_any():
            get_options().set({"ENABLE_SIGNUP": False})


def _tree(source: Source, report: Report) -> dict[str, object]:
    """Give the newest tree; earlier rows are its history."""
    newest = max(source.rows("config"), key=lambda row: int(row.get("id", 0)), default=Row({}))
    try:
        return newest.object("data") or {}
    except Broken as problem:
        report.leave_out(_NOUN, "all of them", str(problem))
        return {}
