"""The `owui-client` library about accounts, groups, the workspace, feedback and settings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from owui_client.client import OpenWebUI
from owui_client.models import (
    auths,
    configs,
    feedbacks,
    functions,
    groups,
    models,
    notes,
    prompts,
    skills,
    tools,
    users,
)

from tests.services.client import Account

Run = Callable[[Callable[[OpenWebUI], Awaitable[Any]]], Any]
TOOL = 'class Tools:\n    def now(self) -> str:\n        """Tell the time."""\n        return ""\n'
FILTER = "class Filter:\n    def inlet(self, body: dict) -> dict:\n        return body\n"
PASSWORD = "Secret-pw-1!"


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"env": {"PLUGINS_SANDBOX": "disabled"}}


@pytest.fixture
def run(alice: Account) -> Run:
    """Run what is to be done with a client of Alice's, who is the admin."""

    def start(action: Callable[[OpenWebUI], Awaitable[Any]]) -> Any:
        return asyncio.run(action(OpenWebUI(api_url=f"{alice.base}/api", api_key=alice.token)))

    return start


async def new_user(client: OpenWebUI, name: str) -> auths.SigninResponse:
    email = f"{name.lower()}@example.com"
    form = auths.AddUserForm(name=name, email=email, password=PASSWORD, role="user")
    return await client.auths.add_user(form)


def test_accounts_are_opened_found_changed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        made = await new_user(client, "Bob")
        change = {"name": "Robert", "email": "bob@example.com", "profile_image_url": "/user.png"}
        changed = await client.users.update_user_by_id(
            made.id, users.UserUpdateForm(role="admin", **change)
        )
        assert (changed.name, changed.role) == ("Robert", "admin")
        assert made.id in [u.id for u in (await client.users.get_users(query="robe")).users]
        assert made.id in [u.id for u in (await client.users.get_all_users()).users]
        assert [u.name for u in (await client.users.search_users("rober")).users] == ["Robert"]
        assert (await client.users.get_user_by_id(made.id)).name == "Robert"
        active = await client.users.get_user_active_status_by_id(made.id)
        assert active == {"active": False}
        assert (await client.users.get_user_profile_image_by_id(made.id))[1:4] == b"PNG"
        assert await client.users.delete_user_by_id(made.id) is True

    run(act)


def test_one_signs_in_and_keeps_settings_and_an_api_key(run: Run, alice: Account):
    async def act(client: OpenWebUI) -> None:
        form = auths.SigninForm(email=alice.email, password=alice.password)
        assert (await client.auths.signin(form)).email == alice.email
        assert (await client.auths.get_session_user()).id == alice.id
        saved = await client.users.update_user_settings(users.UserSettings(ui={"theme": "dark"}))
        assert saved.ui == {"theme": "dark"}
        assert (await client.users.update_user_info({"place": "Rome"}))["place"] == "Rome"
        assert (await client.auths.generate_api_key()).api_key.startswith("sk-")
        assert await client.auths.delete_api_key() is True

    run(act)


def test_groups_are_made_filled_told_of_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        user = await new_user(client, "Carl")
        form = groups.GroupForm(name="Crew", description="All")
        made = await client.groups.create_new_group(form)
        member = groups.UserIdsForm(user_ids=[user.id])
        await client.groups.add_user_to_group(made.id, member)
        assert [u.id for u in await client.groups.get_users_in_group(made.id)] == [user.id]
        assert [g.id for g in await client.users.get_user_groups_by_id(user.id)] == [made.id]
        assert (await client.groups.get_group_info_by_id(made.id)).member_count == 1
        assert (await client.groups.export_group_by_id(made.id)).user_ids == [user.id]
        await client.groups.remove_users_from_group(made.id, member)
        assert (await client.groups.get_group_by_id(made.id)).member_count == 0
        assert await client.groups.delete_group_by_id(made.id) is True

    run(act)


def test_permissions_and_settings_come_back_as_they_were_read(run: Run):
    async def act(client: OpenWebUI) -> None:
        default = await client.users.get_default_user_permissions()
        assert await client.users.update_default_user_permissions(default) == default
        config = await client.auths.get_admin_config()
        assert (await client.auths.update_admin_config(config)).WEBUI_URL == config.WEBUI_URL
        oauth = await client.auths.get_oauth_config()
        assert await client.auths.update_oauth_config(oauth) == oauth
        exported = await client.configs.export_config()
        assert await client.configs.import_config(exported) == exported
        choice = await client.configs.get_models_config()
        assert await client.configs.set_models_config(choice) == choice
        code = await client.configs.get_code_execution_config()
        assert await client.configs.set_code_execution_config(code) == code
        banner = configs.BannerModel(
            id="b", type="info", content="Hi", dismissible=True, timestamp=1
        )
        await client.configs.set_banners(configs.SetBannersForm(banners=[banner]))
        assert await client.configs.get_banners() == [banner]

    run(act)


def test_notes_are_written_found_pinned_shared_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        made = await client.notes.create_note(
            notes.NoteForm(title="Plans", data={"content": {"md": "Go to Rome"}})
        )
        changed = await client.notes.update_note_by_id(
            made.id, notes.NoteUpdateForm(title="Great plans")
        )
        assert (changed.title, changed.data) == ("Great plans", made.data)
        assert [n.id for n in await client.notes.get_notes()] == [made.id]
        found = await client.notes.search_notes(query="rome")
        assert ([n.id for n in found.items], found.total) == ([made.id], 1)
        assert (await client.notes.pin_note_by_id(made.id)).is_pinned is True
        assert [n.id for n in await client.notes.get_pinned_notes()] == [made.id]
        everybody = {"principal_type": "user", "principal_id": "*", "permission": "read"}
        shared = await client.notes.update_note_access_by_id(
            made.id, notes.NoteAccessGrantsForm(access_grants=[everybody])
        )
        assert [g.principal_id for g in shared.access_grants] == ["*"]
        assert (await client.notes.get_note_by_id(made.id)).title == "Great plans"
        assert await client.notes.delete_note_by_id(made.id) is True

    run(act)


def test_presets_are_made_switched_off_changed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        def form(name: str) -> models.ModelForm:
            about: dict[str, Any] = {"meta": {"description": "x"}, "params": {}}
            return models.ModelForm(id="mine", base_model_id="fake-alpha", name=name, **about)

        await client.models.create_new_model(form("Mine"))
        assert [m.id for m in (await client.models.get_models()).items] == ["mine"]
        assert (await client.models.update_model_by_id(form("Ours"))).name == "Ours"
        assert (await client.models.toggle_model_by_id("mine")).is_active is False
        assert (await client.models.get_model_by_id("mine")).name == "Ours"
        assert [m.id for m in await client.models.export_models()] == ["mine"]
        assert await client.models.delete_model_by_id("mine") is True

    run(act)


def test_prompts_are_made_changed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        def form(name: str) -> prompts.PromptForm:
            return prompts.PromptForm(command="greet", name=name, content="Hi")

        made = await client.prompts.create_new_prompt(form("Greeting"))
        assert [p.name for p in await client.prompts.get_prompts()] == ["Greeting"]
        assert (await client.prompts.update_prompt_by_id(made.id, form("Hello"))).name == "Hello"
        page = await client.prompts.get_prompt_list(page=1)
        assert ([p.name for p in page.items], page.total) == (["Hello"], 1)
        assert (await client.prompts.get_prompt_list(query="nothing", page=1)).total == 0
        assert await client.prompts.delete_prompt_by_id(made.id) is True

    run(act)


def test_skills_are_made_found_switched_off_shared_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        def form(name: str) -> skills.SkillForm:
            return skills.SkillForm(id="Plain Words", name=name, content="Write plainly.")

        made = await client.skills.create_new_skill(form("Plain"))
        assert (made.id, made.access_grants) == ("plain-words", [])
        assert [s.id for s in await client.skills.get_skills()] == [made.id]
        assert (await client.skills.update_skill_by_id(made.id, form("Clear"))).name == "Clear"
        page = await client.skills.get_skill_list(query="clear")
        assert ([s.write_access for s in page.items], page.total) == ([True], 1)
        assert (await client.skills.toggle_skill_by_id(made.id)).is_active is False
        everybody = {"principal_type": "user", "principal_id": "*", "permission": "read"}
        shared = await client.skills.update_skill_access_by_id(
            made.id, skills.SkillAccessGrantsForm(access_grants=[everybody])
        )
        assert [g.principal_id for g in shared.access_grants] == ["*"]
        assert (await client.skills.get_skill_by_id(made.id)).write_access is True
        assert [s.content for s in await client.skills.export_skills()] == ["Write plainly."]
        assert await client.skills.delete_skill_by_id(made.id) is True

    run(act)


def test_tools_and_functions_are_made_changed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        about: dict[str, Any] = {"meta": {"description": "x"}}
        tool = tools.ToolForm(id="clock", name="Clock", content=TOOL, **about)
        await client.tools.create_new_tool(tool)
        assert "clock" in [t.id for t in await client.tools.get_tool_list()]
        assert (await client.tools.update_tool_by_id("clock", tool)).name == "Clock"
        assert await client.tools.delete_tool_by_id("clock") is True
        sieve = functions.FunctionForm(id="sieve", name="Sieve", content=FILTER, **about)
        assert (await client.functions.create_function(sieve)).type == "filter"
        assert (await client.functions.toggle_function_by_id("sieve")).is_active is True
        assert [f.id for f in await client.functions.get_function_list()] == ["sieve"]
        assert await client.functions.delete_function_by_id("sieve") is True

    run(act)


def test_feedback_is_given_listed_changed_and_deleted(run: Run):
    async def act(client: OpenWebUI) -> None:
        def form(rating: int) -> feedbacks.FeedbackForm:
            data: Any = {"rating": rating, "model_id": "fake-alpha"}
            return feedbacks.FeedbackForm(type="rating", data=data, meta={"chat_id": "c"})

        made = await client.evaluations.create_feedback(form(1))
        assert [f.id for f in (await client.evaluations.get_feedbacks_list()).items] == [made.id]
        assert (await client.evaluations.update_feedback(made.id, form(-1))).data["rating"] == -1
        assert await client.evaluations.delete_feedback(made.id) is True

    run(act)
