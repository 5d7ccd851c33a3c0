"""The page: a built one where there is one, else our own page of first steps."""

import pytest

from shared.config.options import get_options


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
