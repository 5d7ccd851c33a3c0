"""Sougou by Tencent Cloud, with its signature.

Source: https://www.tencentcloud.com/document/product/845/32209 (TC3-HMAC-SHA256);
https://cloud.tencent.com/document/product/1806/121811 (SearchPro)
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson

from shared.config.options import option
from shared.errors import Forbidden, Invalid
from workers import servers
from workers.search.base import Result, results

URL = "https://tms.tencentcloudapi.com"
_SERVICE, _ACTION, _VERSION = "tms", "SearchPro", "2020-12-29"
_SIGNED = "content-type;host"
_KIND = "application/json; charset=utf-8"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    body = orjson.dumps({"Query": query, "Cnt": count})
    now = int(time.time())
    headers = {
        "content-type": _KIND,
        "authorization": _signature(body, now),
        "x-tc-action": _ACTION,
        "x-tc-version": _VERSION,
        "x-tc-timestamp": str(now),
        "host": _host(),
    }
    answer = servers.ask(URL, body, headers=headers)
    told = answer["Response"]
    if error := told.get("Error"):  # with the status of a success
        kind = Forbidden if str(error.get("Code")).startswith("AuthFailure") else Invalid
        raise kind(f"Sougou refuses to search: {error.get('Message')}")
    rows = [orjson.loads(page) for page in told.get("Pages") or ()]
    return results({"rows": rows}, "rows", text="passage")


def _host() -> str:
    return urlsplit(URL).netloc


def _signature(body: bytes, now: int) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    scope = f"{day}/{_SERVICE}/tc3_request"
    asked = f"POST\n/\n\ncontent-type:{_KIND}\nhost:{_host()}\n\n{_SIGNED}\n{_digest(body)}"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{_digest(asked.encode())}"
    key = f"TC3{option('SOUGOU_API_SK')}".encode()
    for part in (day, _SERVICE, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signed = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"Credential={option('SOUGOU_API_SID')}/{scope}"
    return f"TC3-HMAC-SHA256 {who}, SignedHeaders={_SIGNED}, Signature={signed}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
