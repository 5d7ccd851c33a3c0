"""The page: a built one where there is one, else our own page of first steps."""

import pytest

from shared.config.options import get_options
from shared.config.settings import BadSetting
from tests.fakes.web_server import FakeWeb
from web.page.routes import check_build


@pytest.fixture
def built(tmp_path, configure):
    """A folder with a built page."""
    folder = tmp_path / "build"
    (folder / "_app" / "immutable").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the page</title>")
    (folder / "_app" / "immutable" / "x.js").write_text("1")
    (folder / "logo.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    configure(frontend_build_dir=str(folder))
    return folder


def test_without_a_built_page_first_steps_are_shown(stranger, configure):
    configure(webui_name="<Yard>")

    answer = stranger.get("/")

    assert answer.content_type == "text/html; charset=utf-8"
    assert "&lt;Yard&gt;" in answer.text
    assert "<Yard>" not in answer.text


def test_first_steps_lead_to_a_key_of_this_server(world, stranger, configure):
    configure(flower_port=6001, local_models="1")

    text = stranger.get("/", headers={"Host": "yard.example:8123"}).text

    for words in (
        "http://yard.example:8123/api/v1/auths/signup",
        "http://yard.example:8123/v1/chat/completions",
        "/api/v1/auths/api_key",
        "http://yard.example:6001/",
        "smollm2-135m",
        "event log answers",
        "database answers",
    ):
        assert words in text


def test_first_steps_are_others_where_somebody_has_an_account(member, stranger):
    text = stranger.get("/").text

    assert "/api/v1/auths/signin" in text
    assert "/api/v1/auths/signup" not in text


@pytest.mark.parametrize(("env", "shown"), [("dev", True), ("prod", False)])
def test_first_steps_link_the_api_where_it_is_shown(world, stranger, configure, env, shown):
    configure(env=env)

    assert ('href="/docs"' in stranger.get("/").text) is shown


def test_first_steps_run_no_script(world, stranger):
    answer = stranger.get("/")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "path", ["/static/favicon.png", "/static/logo.png", "/user.png", "/favicon.ico"]
)
def test_accounts_and_models_have_pictures_without_a_built_page(stranger, path):
    answer = stranger.get(path)

    assert (answer.content_type, answer.data[:4]) == ("image/png", b"\x89PNG")


def test_a_built_page_brings_its_own_pictures(stranger, built):
    (built / "static").mkdir()
    (built / "static" / "favicon.png").write_bytes(b"theirs")

    assert stranger.get("/static/favicon.png").data == b"theirs"
    assert stranger.get("/user.png").data.startswith(b"\x89PNG")


def test_a_link_out_of_the_built_page_is_not_followed(stranger, built, tmp_path):
    (built / "linked.txt").symlink_to(tmp_path / "secret.txt")

    assert stranger.get("/linked.txt").text == "<title>the page</title>"


def test_a_folder_without_a_page_stops_the_start(tmp_path, configure):
    with pytest.raises(BadSetting, match="FRONTEND_BUILD_DIR"):
        check_build(configure(frontend_build_dir=tmp_path))


def test_a_folder_with_a_page_or_none_at_all_does_not(built, configure):
    check_build(configure())
    check_build(configure(frontend_build_dir=""))


def test_an_address_of_a_video_leads_to_a_chat_about_it(stranger):
    answer = stranger.get("/watch?v=a&b")

    assert (answer.status_code, answer.headers["Location"]) == (307, "/?youtube=a")


@pytest.mark.parametrize("path", ["/c/some-chat", "/index.html", "/api/nowhere"])
def test_without_a_built_page_other_addresses_lead_nowhere(stranger, path):
    answer = stranger.get(path)

    assert (answer.status_code, list(answer.json)) == (404, ["detail"])


@pytest.mark.parametrize("path", ["/", "/c/some-chat", "/auth", "/a%00b", "/%FF"])
def test_the_page_answers_for_addresses_that_only_it_knows(stranger, built, path):
    answer = stranger.get(path)

    assert (answer.status_code, answer.text) == (200, "<title>the page</title>")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/api/nowhere", "/v1/nowhere", "/openai/x", "/ollama/x", "/static/x", "/_app/x.js", "/x.js"],
)
def test_a_mistake_of_a_client_is_not_answered_with_the_page(stranger, built, path):
    assert stranger.get(path).status_code in (403, 404)


def test_files_whose_name_changes_with_them_are_kept_for_ever(stranger, built):
    kept, looked_for = stranger.get("/_app/immutable/x.js"), stranger.get("/logo.svg")

    assert "immutable" in kept.headers["Cache-Control"]
    assert looked_for.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//etc/passwd"]
)
def test_nothing_outside_of_the_page_is_served(stranger, built, path):
    assert "secret" not in stranger.get(path).text
    assert "root:" not in stranger.get(path).text


def test_the_manifest_may_stand_elsewhere(stranger, worker, configure):
    with FakeWeb() as web:
        url = web.put("/polite/manifest.json", '{"name": "Elsewhere"}', "application/json")
        configure(external_pwa_manifest_url=url, outbound_allowed_networks="127.0.0.1")

        assert stranger.get("/manifest.json").json == {"name": "Elsewhere"}
    assert stranger.get("/manifest.json").json == {"name": "Elsewhere"}


@pytest.mark.parametrize("content", ["no json", "[1]"])
def test_our_own_manifest_is_given_while_the_other_cannot_be_had(
    stranger, worker, configure, content
):
    with FakeWeb() as web:
        url = web.put("/polite/manifest.json", content, "application/json")
        configure(external_pwa_manifest_url=url, outbound_allowed_networks="127.0.0.1")

        assert stranger.get("/manifest.json").json["start_url"] == "/"


def test_the_manifest_names_the_instance(stranger, configure):
    configure(webui_name="Yard")

    manifest = stranger.get("/manifest.json").json

    assert (manifest["name"], manifest["short_name"]) == ("Yard", "Yard")
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    assert [icon["purpose"] for icon in manifest["icons"]] == ["any", "maskable"]


def test_browsers_search_at_the_address_that_an_admin_named(stranger, configure):
    configure(webui_name="A & B")
    get_options().set({"WEBUI_URL": "https://chat.example/"})

    answer = stranger.get("/opensearch.xml")

    assert answer.content_type.startswith("application/xml")
    assert "https://chat.example/?q={searchTerms}" in answer.text
    assert "A &amp; B" in answer.text
