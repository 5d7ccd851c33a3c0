"""The unmodified Open WebUI 0.6.5 page in its workspace: things are made there and found again."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.openwebui import OpenWebUI
from tests.services.client import Account
from tests.services.openwebui_page import page_folder
from tests.services.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    return {"compute": 1, "quick": 1, "env": {"FRONTEND_BUILD_DIR": str(page_folder())}}


def go(page: OpenWebUI, path: str) -> None:
    page.tab.goto(page.base + path)


def save_source(page: OpenWebUI) -> None:
    """Save a tool or a function: its code is laid out first, then the page asks whether one is
    sure.
    """
    page.tab.get_by_role("button", name="Save").click()
    page.tab.get_by_role("button", name="Confirm").click()


def test_a_prompt_is_written_and_listed(page: OpenWebUI, alice: Account):
    go(page, "/workspace/prompts/create")
    page.tab.get_by_placeholder("Title").fill("A greeting")
    page.tab.get_by_placeholder("Command").fill("greet")
    page.tab.get_by_placeholder("Write a summary in 50 words").fill("Hello {{USER_NAME}}!")

    page.tab.get_by_role("button", name="Save & Create").click()

    page.tab.wait_for_url("**/workspace/prompts")
    page.wait_for("/greet")
    (row,) = alice.get("/api/v1/prompts/")
    assert (row["command"], row["content"]) == ("/greet", "Hello {{USER_NAME}}!")


def test_a_tool_is_laid_out_saved_and_listed(page: OpenWebUI, alice: Account):
    go(page, "/workspace/tools/create")
    page.tab.get_by_placeholder("Tool Name").fill("My tool")
    page.tab.get_by_placeholder("Tool Description").fill("does things")

    save_source(page)

    page.tab.wait_for_url("**/workspace/tools")
    page.wait_for("My tool")
    tool = alice.get("/api/v1/tools/id/my_tool")
    assert {spec["name"] for spec in tool["specs"]} >= {"get_current_time", "calculator"}


WITH_VALVES = """
from pydantic import BaseModel, Field

class Tools:
    class Valves(BaseModel):
        retries: int = Field(3, description="How often")
"""


def test_a_valve_is_turned(page: OpenWebUI, alice: Account):
    body = {"id": "turned", "name": "Turned", "content": WITH_VALVES, "meta": {}}
    alice.api("POST", "/api/v1/tools/create", body)
    go(page, "/workspace/tools")
    page.tab.get_by_placeholder("Search Tools").fill("Turned")
    page.tab.locator("[aria-label=Valves] button").click()
    page.wait_for("How often")

    page.tab.get_by_role("button", name="Default").click()
    page.tab.get_by_placeholder("Retries").fill("7")
    page.tab.get_by_role("button", name="Save").click()

    page.wait_for("Valves updated successfully")
    assert alice.get("/api/v1/tools/id/turned/valves") == {"retries": 7}


def test_a_function_is_saved_listed_and_switched_on(page: OpenWebUI, alice: Account):
    go(page, "/admin/functions/create")
    page.tab.get_by_placeholder("Function Name").fill("My filter")
    page.tab.get_by_placeholder("Function Description").fill("filters things")

    save_source(page)

    page.tab.wait_for_url("**/admin/functions")
    page.wait_for("My filter")
    page.tab.locator("button[role=switch]").first.click()
    page.wait_for("on")
    (row,) = alice.get("/api/v1/functions/")
    assert (row["id"], row["type"]) == ("my_filter", "filter")
    page.tab.wait_for_function(
        "async token => (await (await fetch('/api/v1/functions/', {headers: {authorization:"
        " 'Bearer ' + token}})).json())[0].is_active",
        arg=alice.token,
    )


def test_a_preset_is_made_listed_and_answers(page: OpenWebUI, alice: Account, provider):
    go(page, "/workspace/models/create")
    page.tab.get_by_placeholder("Model Name").fill("My helper")
    page.tab.locator("select").first.select_option("fake-alpha")
    page.tab.get_by_placeholder("Write your model system prompt").fill("You help {{USER_NAME}}.")

    page.tab.get_by_role("button", name="Save & Create").click()

    page.tab.wait_for_url("**/workspace/models")
    page.wait_for("My helper")
    page.open("/?models=my-helper")
    page.ask("Hello there.")
    page.wait_for("DONE")
    page.wait_idle()
    first = next(
        entry["json"]["messages"][0]
        for entry in reversed(provider.log())
        if (entry.get("json") or {}).get("stream")
    )
    assert first == {"role": "system", "content": "You help Alice."}


def test_a_knowledge_base_is_made_and_a_file_put_into_it(
    page: OpenWebUI, alice: Account, tmp_path: Path
):
    manual = tmp_path / "manual.txt"
    manual.write_text("The machine is oiled every week.")
    go(page, "/workspace/knowledge/create")
    page.tab.locator("input[type=text]").first.fill("Manuals")
    page.tab.locator("textarea").first.fill("of machines")
    with page.tab.expect_response("**/api/v1/knowledge/*-*"):  # the page takes no file before
        page.tab.get_by_role("button", name="Create Knowledge").click()
    page.tab.wait_for_function("document.querySelector('input[type=text]')?.value == 'Manuals'")

    page.tab.locator("input[type=file]").first.set_input_files(manual)

    page.wait_for("manual.txt")
    wait_until(lambda: names_of_files(alice) == ["manual.txt"], 60, "the file is in it")


def names_of_files(account: Account) -> list[str]:
    (base,) = account.get("/api/v1/knowledge/")
    return [file["meta"]["name"] for file in base["files"]]
