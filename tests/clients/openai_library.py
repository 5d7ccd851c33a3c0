"""What the tests of the `openai` library share: doors, questions, reading."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from openai import AsyncOpenAI, OpenAI

from tests.services.client import Account

DOORS = ("/v1", "/api")
Connect = Callable[..., OpenAI]


def asking(question: str, **more: Any) -> dict[str, Any]:
    """Give the arguments of a call that asks the first model one question."""
    return {"model": "fake-alpha", "messages": [{"role": "user", "content": question}], **more}


def text_of(chunks: Any) -> str:
    """Join the text of a stream's chunks."""
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def in_async(account: Account, door: str, use: Callable[[AsyncOpenAI], Awaitable[Any]]) -> Any:
    """Use the library's asynchronous client in a loop of its own, and give what comes of it."""

    async def run() -> Any:
        async with AsyncOpenAI(
            base_url=account.base + door, api_key=account.token, max_retries=0, timeout=20
        ) as client:
            return await use(client)

    return asyncio.run(run())
