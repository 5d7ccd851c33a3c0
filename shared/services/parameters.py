"""Parameters of models, as pages and rows have them, in the form of the provider's request."""

import re
from typing import Any

from shared.errors import Invalid
from shared.services import connections

# Those that an OpenAI-compatible server understands.
_OPENAI = (
    "seed",
    "stop",
    "temperature",
    "max_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "logit_bias",
    "response_format",
)
# The page's own, which no provider understands.
_PAGES = frozenset(("system", "function_calling", "stream_response", "reasoning_tags"))
# Ollama wants these beside its options.
_BESIDE_OPTIONS = ("format", "keep_alive", "think")
_BIAS = re.compile(r"\s*([^\s:]+)\s*:\s*([+-]?\d{1,9})(?:\.\d*)?\s*")


def as_request(params: dict[str, Any], kind: str) -> dict[str, Any]:
    """Write parameters as a part of a request.

    Args:
        params: As a page or a model's row has them; those without a value do not count.
        kind: Protocol of the connection.

    Raises:
        Invalid: One of them cannot be read.

    Source: contract, chat-flow §2 ("params").
    """
    given = {n: value for n, value in params.items() if value is not None and n not in _PAGES}
    if kind == connections.OLLAMA:
        made = {name: given.pop(name) for name in _BESIDE_OPTIONS if name in given}
        if "max_tokens" in given:
            given.setdefault("num_predict", given.pop("max_tokens"))
        return {**made, "options": given} if given else made
    made = {name: given[name] for name in _OPENAI if name in given}
    if isinstance(made.get("logit_bias"), str):
        made["logit_bias"] = _logit_bias(made["logit_bias"])
    return made


def laid_over(body: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Lay a part of a request over a request; options one by one."""
    options = {**(body.get("options") or {}), **upper.get("options", {})}
    return {**body, **upper, **({"options": options} if options else {})}


def _logit_bias(text: str) -> dict[str, int]:
    """Read the page's form "token:bias,token:bias".

    Raises:
        Invalid: It is written otherwise.
    """
    pairs = [_BIAS.fullmatch(part) for part in text.split(",") if part.strip()]
    if None in pairs:
        raise Invalid("logit_bias must be written like 50256:-100,198:5.")
    return {pair[1]: max(-100, min(100, int(pair[2]))) for pair in pairs if pair}
