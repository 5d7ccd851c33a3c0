"""Engines of web search, each against a server that answers as its documentation says."""

import contextlib
import importlib
import json
from urllib.parse import urlsplit

import pytest

from shared.config.options import get_options
from shared.errors import Forbidden, Invalid, Unavailable
from tests.fakes.web_server import FakeWeb
from workers.search import ENGINES, search

pytestmark = pytest.mark.usefixtures("world")

ONE, TWO = "https://one.example/a", "https://two.example/b"
Q = "old maps"


def rows(url="url", title="title", text="snippet", **more):
    return [
        {url: ONE, title: "One", text: "first text", **more},
        {url: TWO, title: "Two", text: "second text", **more},
    ]


LINKS = rows(url="link")
DUCK = (
    '<div class="result__body"><a class="result__a" href="//duckduckgo.com/l/?uddg='
    'https%3A%2F%2Fone.example%2Fa&rut=1">One</a><a class="result__snippet">first text</a></div>'
    '<div class="result__body"><a class="result__a" href="https://two.example/b">Two</a>'
    '<a class="result__snippet">second text</a></div>'
)
PAGES = [json.dumps(row) for row in rows(text="passage")]
# Engine: what it is asked at (path, query), what it answers, its options, a header that it needs.
CASES = {
    "searxng": (
        "/s?q=old+maps&format=json&pageno=1&safesearch=1&language=all",
        {"results": [{**row, "score": 9 - n} for n, row in enumerate(rows(text="content"))]},
        {"SEARXNG_QUERY_URL": "{url}/s?q=<query>"},
        None,
    ),
    "google_pse": (
        "/?cx=me&q=old+maps&key=k&num=2&start=1",
        {"items": LINKS},
        {"GOOGLE_PSE_ENGINE_ID": "me", "GOOGLE_PSE_API_KEY": "k"},
        None,
    ),
    "brave": (
        "/?q=old+maps&count=2",
        {"web": {"results": rows(text="description")}},
        {"BRAVE_SEARCH_API_KEY": "k"},
        ("x-subscription-token", "k"),
    ),
    "kagi": (
        "/?q=old+maps&limit=2",
        {"data": [*rows(t=0), {"t": 1, "list": ["related"]}]},
        {"KAGI_SEARCH_API_KEY": "k"},
        ("authorization", "Bot k"),
    ),
    "mojeek": (
        "/?q=old+maps&api_key=k&fmt=json&t=2",
        {"response": {"results": rows(text="desc")}},
        {"MOJEEK_SEARCH_API_KEY": "k"},
        None,
    ),
    "bocha": (
        "/",
        {"data": {"webPages": {"value": rows(title="name", text="summary")}}},
        {"BOCHA_SEARCH_API_KEY": "k"},
        ("authorization", "Bearer k"),
    ),
    "serpstack": (
        "/?access_key=k&query=old+maps",
        {"organic_results": rows()},
        {"SERPSTACK_API_KEY": "k", "SERPSTACK_HTTPS": False},
        None,
    ),
    "serper": ("/", {"organic": LINKS}, {"SERPER_API_KEY": "k"}, ("x-api-key", "k")),
    "serply": (
        "/q=old+maps&num=2",
        {"results": rows(url="link", text="description")},
        {"SERPLY_API_KEY": "k"},
        ("x-api-key", "k"),
    ),
    "duckduckgo": ("/", DUCK, {}, ("content-type", "application/x-www-form-urlencoded")),
    "tavily": (
        "/",
        {"results": rows(text="content")},
        {"TAVILY_API_KEY": "k"},
        ("authorization", "Bearer k"),
    ),
    "searchapi": (
        "/?engine=google&q=old+maps&api_key=k",
        {"organic_results": LINKS},
        {"SEARCHAPI_API_KEY": "k"},
        None,
    ),
    "serpapi": (
        "/?engine=google&q=old+maps&api_key=k",
        {"organic_results": LINKS},
        {"SERPAPI_API_KEY": "k"},
        None,
    ),
    "jina": (
        "/",
        {"data": rows(text="content")},
        {"JINA_API_KEY": "k"},
        ("authorization", "Bearer k"),
    ),
    "bing": (
        "/b?q=old+maps&count=2",
        {"webPages": {"value": rows(title="name")}},
        {"BING_SEARCH_V7_SUBSCRIPTION_KEY": "k", "BING_SEARCH_V7_ENDPOINT": "{url}/b"},
        ("ocp-apim-subscription-key", "k"),
    ),
    "exa": (
        "/",
        {"results": rows(text="text")},
        {"EXA_API_KEY": "k"},
        ("authorization", "Bearer k"),
    ),
    "perplexity": (
        "/",
        {"citations": [ONE, TWO], "choices": []},
        {"PERPLEXITY_API_KEY": "k"},
        ("authorization", "Bearer k"),
    ),
    "sougou": (
        "/",
        {"Response": {"Pages": PAGES}},
        {"SOUGOU_API_SID": "sid", "SOUGOU_API_SK": "sk"},
        ("x-tc-action", "SearchPro"),
    ),
}
# What it tells of a page is not told of by all.
SILENT = ("perplexity",)


@pytest.fixture
def web():
    with FakeWeb() as server:
        yield server


def use(engine, web, monkeypatch, status=200, answer=None):
    path, good, options, _ = CASES[engine]
    told = good if answer is None else answer
    web.put(path, told if isinstance(told, str) else json.dumps(told), "application/json", status)
    module = importlib.import_module(f"workers.search.{engine}")
    if hasattr(module, "URL"):
        place = web.url if "://" in module.URL else urlsplit(web.url).netloc
        monkeypatch.setattr(module, "URL", place if engine == "sougou" else f"{place}/")
    chosen = {"WEB_SEARCH_ENGINE": engine, "WEB_SEARCH_RESULT_COUNT": 2}
    filled = {
        name: value.format(url=web.url) if isinstance(value, str) else value
        for name, value in options.items()
    }
    get_options().set({**chosen, **filled})


def test_every_engine_is_tried():
    assert set(CASES) == set(ENGINES)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_asked_in_its_way_and_understood(engine, web, monkeypatch):
    use(engine, web, monkeypatch)

    found = search(Q)

    assert [one.url for one in found] == [ONE, TWO]
    if engine not in SILENT:
        assert [one.title for one in found] == ["One", "Two"]
        assert [one.text for one in found] == ["first text", "second text"]
    _, path, headers, body = web.asked[0]
    assert path == CASES[engine][0]
    assert "old" in path or b"old" in body
    if needed := CASES[engine][3]:
        assert headers[needed[0]] == needed[1]


@pytest.mark.parametrize("engine", [one for one in ENGINES if one != "duckduckgo"])
def test_an_engine_that_answers_in_another_form_is_said_to_be_away(engine, web, monkeypatch):
    use(engine, web, monkeypatch, answer="not JSON")

    with pytest.raises(Unavailable):
        search(Q)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, Forbidden, "key"),
        (403, Forbidden, "key"),
        (429, Unavailable, "429"),
        (500, Unavailable, "500"),
        (422, Invalid, "422"),
    ],
)
def test_an_engine_that_refuses_is_told_to_do_so(engine, status, error, words, web, monkeypatch):
    use(engine, web, monkeypatch, status=status)

    with pytest.raises(error, match=words):
        search(Q)


NONSENSE = [
    *("null", "7", "[]", '["x"]', "{}", '{"error": "x"}', "<html>busy</html>", "\x00\xff"),
    *(
        json.dumps(wrap(rows))
        for rows in (
            None,
            7,
            "x",
            {},
            {"x": 1},
            [None, 7, "x", {}, {"url": 5}, {"link": "http://["}],
        )
        for wrap in (
            lambda rows: dict.fromkeys(("results", "organic", "items", "data", "citations"), rows),
            lambda rows: {"organic_results": rows, "web": {"results": rows}, "success": False},
            lambda rows: {"webPages": {"value": rows}, "response": {"results": rows}},
            lambda rows: {"data": {"webPages": {"value": rows}}, "Response": {"Pages": rows}},
            lambda rows: {"web": rows, "webPages": rows, "response": rows, "Response": rows},
        )
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_nonsense_finds_nothing_or_is_told_and_never_breaks(engine, web, monkeypatch):
    for answer in NONSENSE:
        use(engine, web, monkeypatch, answer=answer)
        with contextlib.suppress(Unavailable, Invalid):
            assert search(Q) == [], answer


@pytest.mark.parametrize(
    ("engine", "told", "error", "words"),
    [
        ("serpstack", {"success": False, "error": {"info": "Too much."}}, Invalid, "Too much"),
        ("mojeek", {"response": {"status": "No key given."}}, Invalid, "No key given"),
        (
            "sougou",
            {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "Bad."}}},
            Forbidden,
            "Bad",
        ),
        (
            "sougou",
            {"Response": {"Error": {"Code": "LimitExceeded", "Message": "M"}}},
            Invalid,
            "M",
        ),
    ],
)
def test_a_refusal_with_the_status_of_a_success_is_told(
    engine, told, error, words, web, monkeypatch
):
    use(engine, web, monkeypatch, answer=told)

    with pytest.raises(error, match=words):
        search(Q)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_finds_nothing_is_no_error(engine, web, monkeypatch):
    empty = {"Response": {"Pages": []}} if engine == "sougou" else {"response": {"results": []}}
    use(engine, web, monkeypatch, answer="<html></html>" if engine == "duckduckgo" else empty)

    assert search(Q) == []


def test_only_pages_of_the_allowed_domains_are_given(web, monkeypatch):
    use("brave", web, monkeypatch)
    get_options().set({"WEB_SEARCH_DOMAIN_FILTER_LIST": ["two.example"]})

    assert [one.url for one in search(Q)] == [TWO]


def test_without_an_engine_nothing_is_searched():
    with pytest.raises(Invalid, match="configured"):
        search(Q)


def test_tencent_accepts_the_signature_of_its_own_example():
    """The example of the documentation, with its date: the parts of ours have the same form."""
    from workers.search import sougou

    get_options().set({"SOUGOU_API_SID": "sid", "SOUGOU_API_SK": "sk"})

    signed = sougou._signature(b"{}", 1551113065)

    assert signed.startswith("TC3-HMAC-SHA256 Credential=sid/2019-02-25/tms/tc3_request, ")
    assert len(signed.rpartition("Signature=")[2]) == 64
