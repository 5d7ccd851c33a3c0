"""Running code: whether and where it may be done."""

from shared.config.options import option
from shared.services import permissions
from shared.services.accounts import Principal

JUPYTER = "jupyter"
# Source: contract, routes (`/api/v1/utils/code/execute`).
NOT_HERE = "Code execution engine not supported"


def may_execute() -> bool:
    """Whether the server runs users' code; else the page does it in the browser, or nobody."""
    return bool(option("ENABLE_CODE_EXECUTION")) and option("CODE_EXECUTION_ENGINE") == JUPYTER


def may_interpret(user: Principal) -> bool:
    """Whether a model may have code run for a user."""
    is_on = bool(option("ENABLE_CODE_INTERPRETER"))
    return is_on and permissions.allows(user, "features", "code_interpreter")
