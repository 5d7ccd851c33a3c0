"""Gathering the sources of one answer, and telling what is under way."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from shared import db
from shared.config.options import option
from shared.errors import NotFound, SwitchyardError
from shared.kinds.inference import RunChat
from shared.kinds.retrieval import (
    READ_PAGE,
    SEARCH_COLLECTIONS,
    SEARCH_WEB,
    ReadPage,
    SearchCollections,
    SearchWeb,
)
from shared.services import collections, connections, indexing, models, references
from shared.services.accounts import Principal
from shared.services.models import Route
from workers.asking import ask
from workers.context import pictures, queries, whole
from workers.context.sources import Source, source, with_sources
from workers.inference import prompts
from workers.live import Running, Stopped
from workers.retrieval.lookup import check

_MEMORIES = 3
# Where the texts of a web search are, in its result and in an item.
_PLACES = ("collection_names", "docs")


@dataclass
class _Part:
    """An item, the collections in which it is found, and what was found in them."""

    item: dict[str, Any]
    names: list[str]
    found: dict[str, Any] | None = None

    @property
    def has_texts(self) -> bool:
        """Whether there is something to show, and a name to show it under."""
        return bool(self.item.get("name") and self.found and self.found["documents"][0])


class Gathering:
    """What is read before one answer.

    Attributes:
        sources: What was found, in the contract's form.
        statuses: What was told on the way, for the message.
        files: Pictures that were made, for the message.
    """

    def __init__(self, job: Running, request: RunChat, owner: Principal, route: Route) -> None:
        self._job, self._request, self._owner, self._route = job, request, owner, route
        self._items = [*request.files, *_knowledge(owner, request.model)]
        self.sources: list[Source] = []
        self.statuses: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []

    def put_into(self, body: dict[str, Any], reads_files: bool = True) -> dict[str, Any]:
        """Gather, tell the sources before the answer begins, and put them into its request.

        Args:
            reads_files: Whether the request's files are searched; a tool may read them instead.

        Raises:
            Stopped: The job has to end.
            UpstreamFailed: A search has failed; the message is its own.
        """
        self._items = self._items if reads_files else []
        if not (self._items or self.sources or any(self._request.features.values())):
            return body
        messages = self._request.body.get("messages") or []
        question = queries.last_question(messages)
        if self._request.features.get("memory"):
            body = self._with_memories(body, question)
        if self._request.features.get("web_search") and question:
            self._items += self._from_the_web(messages)
        if self._request.features.get("image_generation") and question:
            body = self._with_picture(body, messages)
        if self._items and question:
            self._gather(messages)
        if not self.sources:
            return body
        self._job.writer.emit("source", {"sources": self.sources})
        on_user = self._route.connection.kind == connections.OLLAMA
        made = with_sources(body.get("messages") or [], self.sources, question, on_user)
        return {**body, "messages": made}

    def tell(self, **status: Any) -> None:
        """Show what is under way."""
        self.statuses.append(status)
        self._job.writer.emit("status", status)

    def cite(self, sources: list[Source]) -> None:
        """Tell sources that were found while the answer is written, with those from before."""
        if sources:
            self.sources += sources
            self._job.writer.emit("source", {"sources": self.sources})

    def fields(self) -> dict[str, Any]:
        """Give what the message keeps."""
        kept = {"sources": self.sources, "statusHistory": self.statuses, "files": self.files}
        return {name: value for name, value in kept.items() if value}

    def _gather(self, messages: list[dict[str, Any]]) -> None:
        parts = [part for item in self._items if (part := self._part(item)) is not None]
        if searched := [part for part in parts if part.found is None]:
            self._search(searched, messages)
        self.sources += [source(part.item, part.found or {}) for part in parts if part.has_texts]

    def _part(self, item: dict[str, Any]) -> "_Part | None":
        """Say what is known of an item without a search; None when there is nothing of it."""
        if docs := item.get("docs"):
            return _Part(_named(item), [], _inline(docs))
        names = self._readable(item)
        if not names:
            return None
        is_whole = item.get("context") == "full" or option("RAG_FULL_CONTEXT")
        if is_whole or option("BYPASS_EMBEDDING_AND_RETRIEVAL"):
            return _Part(_named(item), names, whole.found_in(names))
        return _Part(_named(item), names)

    def _readable(self, item: dict[str, Any]) -> list[str]:
        """Name an item's collections; one that is gone, or no longer the user's, is left out and
        said to be so.
        """
        names = references.collections_in(item)
        try:
            with db.reading():
                check(self._owner, names, self._request.model)
            return names or self._read_page(item)
        except NotFound:
            self.tell(
                action="knowledge_search",
                description=f"'{item.get('name') or 'A file'}' is not there any more",
                done=True,
                error=True,
            )
            return []

    def _read_page(self, item: dict[str, Any]) -> list[str]:
        """Read the page that an item names by nothing but its address."""
        url = str(item.get("url") or "")
        if not url.startswith(("http://", "https://")):
            return []
        self.tell(action="knowledge_search", description=f"Reading {url}", done=False)
        with db.transaction():
            name = collections.claim(self._owner, None, url)
        ask(self._job, [(READ_PAGE, ReadPage(url=url, collection=name))], self._owner.id)
        item.setdefault("name", url)
        return [name]

    def _search(self, parts: list["_Part"], messages: list[dict[str, Any]]) -> None:
        question = queries.last_question(messages)
        self.tell(action="knowledge_search", description="Searching", query=question, done=False)
        is_wanted = option("ENABLE_RETRIEVAL_QUERY_GENERATION")
        asked = queries.asked_by(
            self._job, self._owner, self._request.model, messages, is_wanted=is_wanted
        )
        # The question itself counts in any case: small models say strange things to look for.
        asked = list(dict.fromkeys([question, *asked]))
        lookups = [(SEARCH_COLLECTIONS, self._lookup(part.names, asked)) for part in parts]
        for part, found in zip(parts, ask(self._job, lookups), strict=True):
            part.found = found

    def _from_the_web(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Search the web, and give what was found as one more item to be read.

        Source: contract, chat-flow §10 (words and form of the status).
        """
        say = partial(self.tell, action="web_search")
        say(description="Generating search query", done=False)
        is_wanted = option("ENABLE_SEARCH_QUERY_GENERATION")
        asked = queries.asked_by(
            self._job, self._owner, self._request.model, messages, is_wanted=is_wanted
        )
        for query in asked:
            say(description='Searching "{{searchQuery}}"', query=query, done=False)
        try:
            wanted = SearchWeb(user_id=self._owner.id, queries=asked)
            [found] = ask(self._job, [(SEARCH_WEB, wanted)])
        except Stopped:
            raise
        except SwitchyardError as error:
            # The answer goes on without: the reader sees why.
            say(description=error.message, query=asked[0], done=True, error=True)
            return []
        urls = found["filenames"]
        say(description="Searched {{count}} sites", query=asked[0], urls=urls, done=True)
        about = {"type": "web_search", "name": ", ".join(asked), "urls": urls}
        return [{**about, **{key: found[key] for key in _PLACES if key in found}}]

    def _with_picture(self, body: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
        """Have a picture painted and shown, and let the model know of it.

        Source: contract, chat-flow §10 (words of the status, form of the event).
        """
        self.tell(description="Generating an image", done=False)
        job, owner = self._job, self._owner
        try:
            prompt = pictures.described(job, owner, self._request.model, messages)
            self.files = pictures.painted(job, owner, prompt)
        except Stopped:
            raise
        except SwitchyardError as error:
            # The answer goes on without: the reader sees why.
            self.tell(description=error.message, done=True, error=True)
            note = pictures.NOT_MADE + error.message
        else:
            self.tell(description="Generated an image", done=True)
            job.writer.emit("files", {"files": self.files})
            note = pictures.MADE
        return {**body, "messages": prompts.with_system(body.get("messages") or [], note)}

    def _lookup(self, names: list[str], asked: list[str]) -> SearchCollections:
        return SearchCollections(
            user_id=self._owner.id,
            collections=names,
            queries=asked,
            through=self._request.model,
        )

    def _with_memories(self, body: dict[str, Any], question: str) -> dict[str, Any]:
        """Put what is remembered about the user in front of the system prompt."""
        name = indexing.memories_of(self._owner.id)
        lookup = self._lookup([name], [question]).model_copy(
            update={"limit": _MEMORIES, "hybrid": False}
        )
        try:
            [found] = ask(self._job, [(SEARCH_COLLECTIONS, lookup)])
        except Stopped:
            raise
        except SwitchyardError:
            return body  # an answer without memories is better than none
        known = found["documents"][0]
        if not known:
            return body
        text = "What is known about the user:\n" + "\n".join(f"- {one}" for one in known)
        return {**body, "messages": prompts.with_system(body.get("messages") or [], text)}


def _knowledge(owner: Principal, model_id: str) -> list[dict[str, Any]]:
    """List the items of a model's knowledge, if the user has the model."""
    try:
        model = models.find_visible(owner, model_id)
    except NotFound:
        return []
    known = ((model.get("info") or {}).get("meta") or {}).get("knowledge")
    return references.cleaned(known)


def _named(item: dict[str, Any]) -> dict[str, Any]:
    name = item.get("name") or item.get("url") or item.get("collection_name") or item.get("id")
    return {**item, "name": name}


def _inline(docs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "documents": [[doc["content"] for doc in docs]],
        "metadatas": [[doc["metadata"] for doc in docs]],
    }
