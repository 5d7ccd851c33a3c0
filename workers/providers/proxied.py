"""Which transport leads to an address: our own, or httpx's where a proxy stands in between."""

import socket
import urllib.request
from typing import Any

import httpx

from workers.providers.line import Cut, WasCut, shut
from workers.providers.transport import Transport


def transport_for(url: httpx.URL) -> httpx.BaseTransport:
    """Choose the transport for an address, by the proxies that the machine is configured with.

    They are asked of the standard library (`HTTP_PROXY`, `NO_PROXY` and their like, read there).
    """
    if urllib.request.proxy_bypass(f"{url.host}:{url.port}" if url.port else url.host):
        return Transport()
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return ProxiedTransport(proxy) if proxy else Transport()


class ProxiedTransport(httpx.BaseTransport):
    """httpx's own transport through a proxy, one connection per request so that it can be cut.

    Args:
        proxy: Address of the proxy; `http://` is assumed.
    """

    def __init__(self, proxy: str) -> None:
        address = proxy if "://" in proxy else f"http://{proxy}"
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.HTTPTransport(proxy=httpx.Proxy(address), limits=limits, trust_env=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; a `cut` among its extensions shuts its connection down."""
        cut = request.extensions.get("cut")
        if cut is None:
            return self._inner.handle_request(request)
        if cut.is_set:
            raise WasCut("cut before the start")
        request.extensions = {**request.extensions, "trace": _Tracer(cut)}
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Tracer:
    """Learns the socket from httpcore as soon as there is one. Source: httpcore, "trace"."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if not event.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        sock = info["return_value"].get_extra_info("socket")
        if isinstance(sock, socket.socket):
            self._cut.hold(lambda: shut(sock))
