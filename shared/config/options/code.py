"""Options of running code: the user's in a chat, and the model's in the code interpreter."""

from typing import Any, Literal

from shared.config.options.base import Option
from shared.config.options.shapes import Count

_Engine = Literal["pyodide", "jupyter"]
_Login = Literal["", "token", "password"]


def _of_interpreter(name: str, key: str, default: Any, **more: Any) -> Option:
    """Declare an option of the interpreter's Jupyter server: else that of code execution counts."""
    name = f"JUPYTER_{name}"
    variables = (f"CODE_INTERPRETER_{name}", f"CODE_EXECUTION_{name}")
    return Option(variables[0], f"code_interpreter.jupyter.{key}", default, env=variables, **more)


CODE = (
    Option("ENABLE_CODE_EXECUTION", "code_execution.enable", True),
    Option("CODE_EXECUTION_ENGINE", "code_execution.engine", "pyodide", kind=_Engine),
    Option("CODE_EXECUTION_JUPYTER_URL", "code_execution.jupyter.url", ""),
    Option("CODE_EXECUTION_JUPYTER_AUTH", "code_execution.jupyter.auth", "", kind=_Login),
    Option(
        "CODE_EXECUTION_JUPYTER_AUTH_TOKEN",
        "code_execution.jupyter.auth_token",
        "",
        is_secret=True,
    ),
    Option(
        "CODE_EXECUTION_JUPYTER_AUTH_PASSWORD",
        "code_execution.jupyter.auth_password",
        "",
        is_secret=True,
    ),
    Option("CODE_EXECUTION_JUPYTER_TIMEOUT", "code_execution.jupyter.timeout", 60, kind=Count),
    Option("ENABLE_CODE_INTERPRETER", "code_interpreter.enable", True),
    Option("CODE_INTERPRETER_ENGINE", "code_interpreter.engine", "pyodide", kind=_Engine),
    Option("CODE_INTERPRETER_PROMPT_TEMPLATE", "code_interpreter.prompt_template", ""),
    _of_interpreter("URL", "url", ""),
    _of_interpreter("AUTH", "auth", "", kind=_Login),
    _of_interpreter("AUTH_TOKEN", "auth_token", "", is_secret=True),
    _of_interpreter("AUTH_PASSWORD", "auth_password", "", is_secret=True),
    _of_interpreter("TIMEOUT", "timeout", 60, kind=Count),
)
