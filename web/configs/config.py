"""The editors of what has no folder of its own."""

from web.editor import Editor, Null, Of, named_alike
from web.tools import servers

_MODULE = "web.configs.schemas"
_JUPYTER = ("URL", "AUTH", "AUTH_TOKEN", "AUTH_PASSWORD", "TIMEOUT")

DIRECT_CONNECTIONS = Editor(
    name="direct_connections",
    about="whether browsers may ask model servers themselves",
    module=_MODULE,
    fields=named_alike("ENABLE_DIRECT_CONNECTIONS"),
)

TOOL_SERVERS = Editor(
    name="tool_servers",
    about="the servers of tools",
    module=_MODULE,
    fields=named_alike("TOOL_SERVER_CONNECTIONS"),
    after=lambda: servers.describe_all(anew=True),
)

CODE_EXECUTION = Editor(
    name="code_execution",
    about="where code runs",
    module=_MODULE,
    fields={
        **named_alike(
            "ENABLE_CODE_EXECUTION",
            "CODE_EXECUTION_ENGINE",
            "ENABLE_CODE_INTERPRETER",
            "CODE_INTERPRETER_ENGINE",
        ),
        **{
            name: Of(name, null=Null.FORGOTTEN)
            for name in (
                "CODE_INTERPRETER_PROMPT_TEMPLATE",
                *(f"CODE_EXECUTION_JUPYTER_{part}" for part in _JUPYTER),
                *(f"CODE_INTERPRETER_JUPYTER_{part}" for part in _JUPYTER),
            )
        },
    },
)

MODELS = Editor(
    name="models",
    about="which models come first",
    module=_MODULE,
    fields=named_alike("DEFAULT_MODELS", "MODEL_ORDER_LIST", null=Null.FORGOTTEN),
)

WEBHOOK = Editor(
    name="webhook",
    about="the address that is told of new accounts",
    module=_MODULE,
    fields={"url": Of("WEBHOOK_URL")},
)
