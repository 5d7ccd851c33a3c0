"""Things that routes are about, made anew for each call by whoever may make them."""

import io
import itertools
from collections.abc import Callable
from typing import Any

from tests.services.caller import Caller
from tests.services.things import message, new_group, new_user, tree

_numbers = itertools.count(1)
_VALVES = "    class {}Valves(BaseModel):\n        zone: str = 'UTC'\n\n"
_HEAD = "from pydantic import BaseModel\n\nclass Filter:\n"
FILTER = _HEAD + _VALVES.format("") + _VALVES.format("User")
TOOL = FILTER.replace("Filter", "Tools") + "    def now(self) -> str:\n        return ''\n"
Names = dict[str, str]


def fresh() -> str:
    """Give a name that nobody has."""
    return f"new{next(_numbers)}"


def _made(owner: Caller, path: str, body: Any) -> str:
    answer = owner.post(path, body)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:200]}"
    return str(answer.json.get("id", ""))


def _chat(owner: Caller, _admin: Caller) -> Names:
    history = {"messages": tree(message("q"), message("a", "q", "assistant")), "currentId": "a"}
    chat_id = _made(owner, "/api/v1/chats/new", {"chat": {"title": "A chat", "history": history}})
    return {"id": chat_id, "chat_id": chat_id, "chat": chat_id, "message_id": "q"}


def _shared_chat(owner: Caller, admin: Caller) -> Names:
    chat = _chat(owner, admin)
    share_id = _made(owner, f"/api/v1/chats/{chat['id']}/share", None)
    return {"id": share_id, "share_id": share_id}


def _channel(_owner: Caller, admin: Caller) -> Names:
    return {"id": _made(admin, "/api/v1/channels/create", {"name": "room", "access_control": None})}


def _channel_message(owner: Caller, admin: Caller) -> Names:
    channel = _channel(owner, admin)
    path = f"/api/v1/channels/{channel['id']}/messages/post"
    return {**channel, "message_id": _made(owner, path, {"content": "Hi"})}


def _folder(owner: Caller, _admin: Caller) -> Names:
    folder_id = _made(owner, "/api/v1/folders/", {"name": fresh()})
    return {"id": folder_id, "folder_id": folder_id}


def _file(owner: Caller, _admin: Caller) -> Names:
    part = {"file": (io.BytesIO(f"Rome {fresh()} was built.".encode()), "notes.txt")}
    answer = owner.send("POST", "/api/v1/files/?process=true", None, data=part)
    assert answer.status_code == 200, answer.text
    return {"id": answer.json["id"], "file": answer.json["id"], "file_name": "notes.txt"}


def _knowledge(owner: Caller, admin: Caller) -> Names:
    form = {"name": "K", "description": "", "access_control": {}}
    knowledge_id = _made(owner, "/api/v1/knowledge/create", form)
    held, other = _file(owner, admin)["id"], _file(owner, admin)["id"]
    _made(owner, f"/api/v1/knowledge/{knowledge_id}/file/add", {"file_id": held})
    return {"id": knowledge_id, "file": other, "held": held}


def _feedback(owner: Caller, _admin: Caller) -> Names:
    return {"id": _made(owner, "/api/v1/evaluations/feedback", {"type": "rating"})}


def _function(_owner: Caller, admin: Caller) -> Names:
    form = {"id": fresh(), "name": "F", "content": FILTER, "meta": {"description": ""}}
    made = _made(admin, "/api/v1/functions/create", form)
    return {"id": made, "action_id": made}


def _tool(owner: Caller, _admin: Caller) -> Names:
    form = {"id": fresh(), "name": "T", "content": TOOL, "meta": {}, "access_control": {}}
    return {"id": _made(owner, "/api/v1/tools/create", form)}


def _group(_owner: Caller, _admin: Caller) -> Names:
    return {"id": new_group()}


def _memory(owner: Caller, _admin: Caller) -> Names:
    memory_id = _made(owner, "/api/v1/memories/add", {"content": "Likes Rome."})
    return {"id": memory_id, "memory_id": memory_id}


def _model(owner: Caller, _admin: Caller) -> Names:
    about = {"name": "M", "meta": {}, "params": {}, "access_control": {}}
    form = {"id": fresh(), "base_model_id": "fake-alpha", **about}
    return {"id": _made(owner, "/api/v1/models/create", form)}


def _prompt(owner: Caller, _admin: Caller) -> Names:
    command = fresh()
    form = {"command": f"/{command}", "title": "P", "content": "x", "access_control": {}}
    _made(owner, "/api/v1/prompts/create", form)
    return {"id": command, "command": command}


def _user(_owner: Caller, _admin: Caller) -> Names:
    user_id = new_user().id
    return {"id": user_id, "user_id": user_id, "user": user_id}


def _nothing(_owner: Caller, _admin: Caller) -> Names:
    return {}


MAKERS: dict[str, Callable[[Caller, Caller], Names]] = {
    "-": _nothing,
    "channel": _channel,
    "channel-message": _channel_message,
    "chat": _chat,
    "feedback": _feedback,
    "file": _file,
    "folder": _folder,
    "function": _function,
    "group": _group,
    "knowledge": _knowledge,
    "memory": _memory,
    "model": _model,
    "prompt": _prompt,
    "shared-chat": _shared_chat,
    "tool": _tool,
    "user": _user,
}
# What a path or a body names where there is no such thing.
NOBODYS: Names = {
    "id": "nothing",
    "chat_id": "nothing",
    "share_id": "nothing",
    "folder_id": "nothing",
    "message_id": "nothing",
    "memory_id": "nothing",
    "command": "nothing",
    "user_id": "nothing",
    "user": "nothing",
    "action_id": "nothing",
    "task_id": "nothing",
    "file": "nothing",
    "held": "nothing",
    "chat": "nothing",
    "file_name": "notes.txt",
    "url_idx": "0",
    "provider": "nothing",
    "path": "nothing.png",
    "path:path": "embeddings",
    "pipeline_id": "nothing",
    "text": "Rome",
    "anything else": "some/page",
}
