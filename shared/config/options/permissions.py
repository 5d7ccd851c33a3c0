"""The permissions of users who are no admins, and the variables that decide them."""

from shared.config.options.base import Option
from shared.schema import Schema


class Workspace(Schema):
    """What a user may make for others."""

    models: bool = False
    knowledge: bool = False
    prompts: bool = False
    tools: bool = False
    skills: bool = False


class Sharing(Schema):
    """What a user may make public."""

    public_models: bool = False
    public_knowledge: bool = False
    public_prompts: bool = False
    public_tools: bool = False
    public_skills: bool = False


class Chat(Schema):
    """What a user may do in a chat."""

    controls: bool = True
    file_upload: bool = True
    delete: bool = True
    edit: bool = True
    stt: bool = True
    tts: bool = True
    call: bool = True
    multiple_models: bool = True
    temporary: bool = True
    temporary_enforced: bool = False


class Features(Schema):
    """What of the server's abilities a user may use."""

    direct_tool_servers: bool = False
    web_search: bool = True
    image_generation: bool = True
    code_interpreter: bool = True


class Permissions(Schema):
    """All permissions; what is not said has its default."""

    workspace: Workspace = Workspace()
    sharing: Sharing = Sharing()
    chat: Chat = Chat()
    features: Features = Features()


DEFAULT: dict[str, dict[str, bool]] = Permissions().model_dump()


def variable(group: str, name: str) -> str:
    """Give the environment's name of one permission, as Open WebUI calls it."""
    if group == "workspace":
        return f"USER_PERMISSIONS_WORKSPACE_{name.upper()}_ACCESS"
    if group == "sharing":
        noun = name.removeprefix("public_").upper()
        return f"USER_PERMISSIONS_WORKSPACE_{noun}_ALLOW_PUBLIC_SHARING"
    return f"USER_PERMISSIONS_{group.upper()}_{name.upper()}"


PERMISSIONS = (
    Option(
        "USER_PERMISSIONS",
        "user.permissions",
        DEFAULT,
        kind=Permissions,
        parts={
            variable(group, name): (group, name)
            for group, names in DEFAULT.items()
            for name in names
        },
    ),
)
