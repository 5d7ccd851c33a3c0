"""What plugins of the server they were written for import, and what stands for it."""

import pytest

from tests.services.plugging import plug
from workers.plugins.base import PluginFailed

pytestmark = pytest.mark.usefixtures("plugins_end")

SOURCE = """
    from typing import Optional
    from fastapi import HTTPException, Request, status
    from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
    from open_webui.constants import TASKS
    from open_webui.env import SRC_LOG_LEVELS
    from open_webui.internal.db import Base, get_db
    from open_webui.models.chats import Chats
    from open_webui.models.notes import Notes
    from open_webui.models.users import UserModel, Users
    from open_webui.utils.misc import (
        add_or_update_system_message, get_last_user_message, pop_system_message,
    )
    from utils.chat import generate_chat_completions
    import open_webui.models.messages

    class Own(Base):
        def __init__(self, name):
            self.name = name

    def typed(chats: Chats | None, user: Optional[UserModel] = None) -> Chats: ...

    class Tools:
        def misc(self, messages: list):
            changed = add_or_update_system_message("be kind", messages)
            system, rest = pop_system_message(changed)
            return [get_last_user_message(changed), system["content"], len(rest), Own("x").name]

        def user(self, __user__: dict, __request__: Request):
            theirs = [Users.get_user_by_id(__user__["id"]), Users.get_user_by_id("other")]
            return [theirs[0].name, theirs[1], __request__.app.state.config.ANY, TASKS.DEFAULT]

        def html(self):
            return HTMLResponse("<p>", headers={"content-disposition": "inline"})

        def json(self):
            return JSONResponse({"a": 1})

        def streams(self):
            return StreamingResponse(iter(["a", "b"]))

        def refuses(self):
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such city")

        def absent(self):
            return Notes.get_note_by_id("1")
"""


@pytest.fixture
def plugin():
    return plug(SOURCE)


def test_functions_over_messages_do_what_their_names_say(plugin):
    asked = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]

    said = plugin.call("misc", {"messages": asked})

    assert said == ["hello", "be kind\nbe brief", 1, "x"]


def test_only_the_user_who_asks_is_known(plugin):
    said = plugin.call("user", {}, {"__user__": {"id": "u", "name": "Ada"}})

    assert said == ["Ada", None, None, "default"]


def test_answers_of_a_web_framework_are_their_content(plugin):
    assert plugin.call("html", {}) == "<p>"
    assert plugin.call("json", {}) == {"a": 1}
    assert list(plugin.stream("streams", {})) == ["a", "b"]


@pytest.mark.parametrize("root", ["fastapi", "starlette"])
def test_answers_of_an_installed_web_framework_are_their_content(root):
    source = f"""
    from {root}.responses import HTMLResponse, JSONResponse

    class Tools:
        def html(self):
            return HTMLResponse("<p>")

        def json(self):
            return JSONResponse({{"a": 1}})
    """
    plugin = plug(source)

    assert (plugin.call("html", {}), plugin.call("json", {})) == ("<p>", {"a": 1})


def test_an_error_with_a_status_is_told_in_its_words(plugin):
    with pytest.raises(PluginFailed) as failed:
        plugin.call("refuses", {})

    assert failed.value.words == "no such city"


def test_a_class_of_a_plugins_name_that_is_imported_is_not_the_plugin():
    source = """
        from open_webui.models.tools import Tools

        class Pipe:
            def pipe(self, body):
                return "mine"
    """

    assert plug(source, name="function_mine").call("pipe", {"body": {}}) == "mine"


def test_what_is_not_there_says_so_when_it_is_used(plugin):
    with pytest.raises(PluginFailed, match=r"open_webui\.models\.notes\.Notes\.get_note_by_id"):
        plugin.call("absent", {})
