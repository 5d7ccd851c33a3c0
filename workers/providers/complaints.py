"""What an upstream says when it refuses, made into one clear message without secrets."""

import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.errors import Reason
from shared.loose_json import parse
from workers.providers.errors import ProviderError, Refused, Unavailable

_MAX_WORDS = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+")
_TAGS = re.compile(r"(?s)<(script|style)\b.*?</\1>|<[^<>]*>")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
# These and what lies above 500 may pass by themselves; "not implemented" and its like do not.
_PASSING = {408, 425, 429}
_LASTING = {501, 505, 511}
_LASTING_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
_REASONS = (
    ("rate_limit", Reason.RATE_LIMITED),
    ("insufficient_quota", Reason.RATE_LIMITED),
    ("timeout", Reason.TIMEOUT),
    ("authentication", Reason.MISCONFIGURED),
    ("permission", Reason.MISCONFIGURED),
    ("api_key", Reason.MISCONFIGURED),
    ("invalid_request", Reason.BAD_REQUEST),
    ("context_length", Reason.BAD_REQUEST),
    ("content_policy", Reason.BAD_REQUEST),
    ("content_filter", Reason.BAD_REQUEST),
)
_PASSING_WORDS = ("rate_limit", "overloaded", "server_error", "timeout", "unavailable")


def clean(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Make foreign words fit to be shown: no secrets, no control characters, one line, not long."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, "***")
        elif secret:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    text = " ".join(_CONTROL.sub(" ", text).split())
    return text if len(text) <= _MAX_WORDS else text[: _MAX_WORDS - 1].rstrip() + "…"


def words_of(value: Any) -> str:
    """Find the sentence in an error object, whatever its form."""
    if isinstance(value, dict):
        for key in ("error", "message", "detail", "msg", "error_description", "title"):
            if value.get(key):
                return words_of(value[key])
        return str(value)
    if isinstance(value, list) and value:
        return words_of(value[0])
    return str(value)


def words_in(content: bytes) -> str:
    """Find the sentence in an answer that is JSON, a page or plain text."""
    try:
        return words_of(parse(content))
    except (ValueError, RecursionError):
        text = content[:20_000].decode("utf-8", "replace")
    if "<html" in text[:2000].lower() or text.lstrip()[:9].lower() == "<!doctype":
        title = _TITLE.search(text)
        return "a web page: " + (title[1] if title else _TAGS.sub(" ", text))
    return text


def for_status(
    who: str, response: httpx.Response, content: bytes, secrets: tuple[str, ...]
) -> ProviderError:
    """Make the error for an answer whose status is not 2xx."""
    status = response.status_code
    words = clean(words_in(content), secrets)
    if 300 <= status < 400:
        words = clean("moved to " + response.headers.get("location", "nowhere"), secrets)
    message = f"{who} answered {status}" + (f": {words}" if words else ".")
    passing = status in _PASSING or (status >= 500 and status not in _LASTING)
    if passing and not any(code in _text(content) for code in _LASTING_CODES):
        return Unavailable(message, status, _retry_after(response.headers))
    return Refused(message, status)


def _text(content: bytes) -> str:
    return content[:20_000].decode("utf-8", "replace")


def for_item(who: str, value: Any, secrets: tuple[str, ...]) -> ProviderError:
    """Make the error for an error object in the middle of a stream, or under status 200."""
    message = f"{who} reports: {clean(words_of(value), secrets)}"
    details = value if isinstance(value, dict) else {}
    code = details.get("code") or details.get("status") or details.get("status_code")
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    if isinstance(code, int) and 400 <= code < 600:
        kind = Unavailable if code in _PASSING or code >= 500 else Refused
        return kind(message, code)
    kinds = f"{details.get('type')} {code}".lower()
    kind = Unavailable if any(word in kinds for word in _PASSING_WORDS) else Refused
    return kind(message, reason=_reason_in(kinds))


def _reason_in(kinds: str) -> str:
    """Tell what the type and the code of an error object mean to those who asked us."""
    return next((reason for word, reason in _REASONS if word in kinds), Reason.UNAVAILABLE)


def for_transport(who: str, error: httpx.HTTPError) -> ProviderError:
    """Make the error for an exchange that failed on the way."""
    words = clean(str(error))
    if isinstance(error, httpx.TimeoutException):
        words = _TIMEOUTS.get(type(error), "took too long")
        return Unavailable(f"{who} {words}.", reason=Reason.TIMEOUT)
    if isinstance(error, httpx.ConnectError):
        return Unavailable(f"{who} cannot be reached: {words}.")
    if isinstance(error, httpx.RemoteProtocolError) and "closed" not in words:
        return Refused(f"{who} did not answer in HTTP: {words}")
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return Unavailable(f"{who} cut the answer off: {words}.")
    return Refused(f"{who} could not be asked: {words}")


_TIMEOUTS: dict[type[httpx.HTTPError], str] = {
    httpx.ConnectTimeout: "did not let us connect in time",
    httpx.ReadTimeout: "stopped answering",
    httpx.WriteTimeout: "did not take the request in time",
}


def _retry_after(headers: httpx.Headers) -> float | None:
    """Read how many seconds to wait. Source: RFC 9110, 10.2.3; `retry-after-ms` is OpenAI's."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = headers.get("retry-after", "")
        if not text:
            return None
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text)
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
