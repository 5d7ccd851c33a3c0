"""Plain requests through the transport, and servers that answer them."""

import httpx

from tests.workers.providers.asking import Reading
from workers.providers.line import Cut
from workers.providers.transport import Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
QUICK = {"connect": 5, "read": 5, "total": 10}


def get(transport: Transport, url: str, cut: Cut | None = None, **timeout) -> bytes:
    request = httpx.Request("GET", url, extensions={"timeout": {**QUICK, **timeout}, "cut": cut})
    response = transport.handle_request(request)
    try:
        return response.read()
    finally:
        response.close()


class Getting(Reading):
    """The same in a thread."""

    def __init__(self, *args, **options):
        super().__init__(iter(lambda: get(*args, **options), b""))
