"""Options of web search and of reading web pages."""

from typing import Any, Literal, get_args

from shared.config.options.base import Option
from shared.config.options.shapes import AtLeastZero, Count

_Engine = Literal[
    "",
    "searxng",
    "google_pse",
    "brave",
    "kagi",
    "mojeek",
    "bocha",
    "serpstack",
    "serper",
    "serply",
    "duckduckgo",
    "tavily",
    "searchapi",
    "serpapi",
    "jina",
    "bing",
    "exa",
    "perplexity",
    "sougou",
]
# Those that can be chosen.
SEARCH_ENGINES: tuple[str, ...] = tuple(name for name in get_args(_Engine) if name)
_Loader = Literal["", "safe_web", "playwright", "firecrawl", "tavily"]


def _search(name: str, default: Any, **more: Any) -> Option:
    return Option(name, f"rag.web.search.{name.lower()}", default, **more)


WEB_SEARCH = (
    Option("ENABLE_WEB_SEARCH", "rag.web.search.enable", False),
    Option("WEB_SEARCH_ENGINE", "rag.web.search.engine", "", kind=_Engine),
    Option(
        "BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL",
        "rag.web.search.bypass_embedding_and_retrieval",
        False,
    ),
    Option("WEB_SEARCH_RESULT_COUNT", "rag.web.search.result_count", 3, kind=Count),
    Option(
        "WEB_SEARCH_DOMAIN_FILTER_LIST", "rag.web.search.domain.filter_list", [], kind=list[str]
    ),
    Option("WEB_SEARCH_CONCURRENT_REQUESTS", "rag.web.search.concurrent_requests", 10, kind=Count),
    Option("WEB_LOADER_ENGINE", "rag.web.loader.engine", "", kind=_Loader),
    Option("ENABLE_WEB_LOADER_SSL_VERIFICATION", "rag.web.loader.ssl_verification", True),
    Option("WEB_SEARCH_TRUST_ENV", "rag.web.search.trust_env", False),
    _search("SEARXNG_QUERY_URL", ""),
    _search("GOOGLE_PSE_API_KEY", "", is_secret=True),
    _search("GOOGLE_PSE_ENGINE_ID", ""),
    _search("BRAVE_SEARCH_API_KEY", "", is_secret=True),
    _search("KAGI_SEARCH_API_KEY", "", is_secret=True),
    _search("MOJEEK_SEARCH_API_KEY", "", is_secret=True),
    _search("BOCHA_SEARCH_API_KEY", "", is_secret=True),
    _search("SERPSTACK_API_KEY", "", is_secret=True),
    _search("SERPSTACK_HTTPS", True),
    _search("SERPER_API_KEY", "", is_secret=True),
    _search("SERPLY_API_KEY", "", is_secret=True),
    _search("JINA_API_KEY", "", is_secret=True),
    _search("SEARCHAPI_API_KEY", "", is_secret=True),
    _search("SEARCHAPI_ENGINE", ""),
    _search("SERPAPI_API_KEY", "", is_secret=True),
    _search("SERPAPI_ENGINE", ""),
    _search("BING_SEARCH_V7_ENDPOINT", "https://api.bing.microsoft.com/v7.0/search"),
    _search("BING_SEARCH_V7_SUBSCRIPTION_KEY", "", is_secret=True),
    _search("EXA_API_KEY", "", is_secret=True),
    _search("PERPLEXITY_API_KEY", "", is_secret=True),
    _search("SOUGOU_API_SID", ""),
    _search("SOUGOU_API_SK", "", is_secret=True),
    _search("TAVILY_API_KEY", "", is_secret=True),
    _search("TAVILY_EXTRACT_DEPTH", "basic", kind=Literal["basic", "advanced"]),
    Option("PLAYWRIGHT_WS_URL", "rag.web.loader.playwright_ws_url", ""),
    Option("PLAYWRIGHT_TIMEOUT", "rag.web.loader.playwright_timeout", 10000, kind=AtLeastZero),
    Option("FIRECRAWL_API_KEY", "rag.web.loader.firecrawl_api_key", "", is_secret=True),
    Option(
        "FIRECRAWL_API_BASE_URL", "rag.web.loader.firecrawl_api_url", "https://api.firecrawl.dev"
    ),
)
