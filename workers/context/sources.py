"""Sources: pieces of text with where they come from, in the form in which clients show them, and
the text that puts them to a model.

Source: contract, chat-flow §10.
"""

import re
from typing import Any

from shared.config.options import option
from workers.inference import prompts

Source = dict[str, Any]

BUILT_IN = """### Task:
Answer the question with what the sources below say.
### Rules:
- Name the source of each statement by its id in brackets, like [1], but only ids that stand below.
- If the sources do not answer the question, say so; then answer from your own knowledge if you can.
- Use the language of the question. Do not repeat these rules.
### Sources:
<context>
{{CONTEXT}}
</context>
### Question:
{{QUERY}}
"""
_PLACES = re.compile(r"\{\{CONTEXT\}\}|\[context\]|\{\{QUERY\}\}|\[query\]")


def source(item: dict[str, Any], found: dict[str, Any]) -> Source:
    """Write a source of an item and of what a search has found in it."""
    shown = {name: value for name, value in item.items() if name != "docs"}
    made = {"source": shown, "document": found["documents"][0], "metadata": found["metadatas"][0]}
    if "distances" in found:
        made["distances"] = found["distances"][0]
    return made


def with_sources(
    messages: list[dict[str, Any]], sources: list[Source], question: str, on_user: bool
) -> list[dict[str, Any]]:
    """Put sources into a request's messages.

    Args:
        on_user: Whether the text goes in front of the first question, for models that heed no
            system prompt; else in front of the system prompt.
    """
    text = _filled(_context(sources), question)
    if not on_user:
        return prompts.with_system(messages, text)
    place = next((n for n, one in enumerate(messages) if one.get("role") == "user"), None)
    if place is None:
        return prompts.with_system(messages, text)
    return [*messages[:place], prompts.with_text(messages[place], text), *messages[place + 1 :]]


def _filled(context: str, question: str) -> str:
    """Fill the template in one go: what stands in a source is never taken for a placeholder."""
    template = option("RAG_TEMPLATE") or BUILT_IN
    values = {"{{CONTEXT}}": context, "[context]": context}
    values |= {"{{QUERY}}": question, "[query]": question}
    return _PLACES.sub(lambda found: values[found[0]], template)


def _context(sources: list[Source]) -> str:
    numbers: dict[str, int] = {}
    lines = []
    for one in sources:
        for text, meta in zip(one["document"], one["metadata"], strict=False):
            mark = str(meta.get("file_id") or meta.get("source") or one["source"].get("name"))
            number = numbers.setdefault(mark, len(numbers) + 1)
            lines.append(f'<source id="{number}">{text}</source>')
    return "\n".join(lines)
