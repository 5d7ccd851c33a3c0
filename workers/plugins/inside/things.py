"""What the server knows of the user of a call, by the names under which plugins look for it.

Everything is asked of the worker when it is used; what is another's, or is not there, is None or an
empty list. Results may be awaited, for plugins written for versions in which they have to be.

Source: the documentation of Open WebUI's plugins, and what published ones use.
"""

import base64
import os
from collections.abc import Generator, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from . import asking


class Thing(SimpleNamespace):
    """Something of the server; what it is stands in its attributes."""

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        """Give it as a dict."""
        return {
            name: value.model_dump() if isinstance(value, Thing) else value
            for name, value in vars(self).items()
        }

    dict = model_dump

    def __await__(self) -> Generator[Any, None, "Thing"]:
        """Let it be awaited."""
        yield from ()
        return self


class Things(list[Thing]):
    """A list of things, which may be awaited, too."""

    def __await__(self) -> Generator[Any, None, "Things"]:
        """Let it be awaited."""
        yield from ()
        return self


class Form(Thing):
    """A form that a plugin fills in; a thing, for both are their attributes."""


def _thing(told: dict[str, Any] | None) -> Thing | None:
    return None if told is None else Thing(**told)


class Chats:
    """The user's chats."""

    @staticmethod
    def get_chat_by_id(id: str, *_rest: Any, **_more: Any) -> Thing | None:
        """Give a chat with all its messages."""
        return _thing(asking.ask_at_once("chat", id=id))

    get_chat_by_id_and_user_id = get_chat_by_id

    @staticmethod
    def get_chat_title_by_id(id: str) -> str | None:
        """Give the title of a chat."""
        found = Chats.get_chat_by_id(id)
        return None if found is None else found.title

    @staticmethod
    def get_messages_by_chat_id(id: str) -> dict[str, Any]:
        """Give the messages of a chat by their ids."""
        found = Chats.get_chat_by_id(id)
        return {} if found is None else found.chat["history"]["messages"]

    @staticmethod
    def get_message_by_id_and_message_id(id: str, message_id: str) -> dict[str, Any] | None:
        """Give one message of a chat."""
        return Chats.get_messages_by_chat_id(id).get(message_id)

    @staticmethod
    def get_chat_list_by_user_id(
        _user_id: str, *_rest: Any, skip: int = 0, limit: int = 100, **_more: Any
    ) -> Things:
        """List chats without their messages, newest change first."""
        told = asking.ask_at_once("chats", skip=skip, limit=limit)
        return Things(Thing(**one) for one in told)

    get_chat_title_id_list_by_user_id = get_chat_list_by_user_id

    @staticmethod
    def get_chats_by_user_id(user_id: str, *_rest: Any, **more: Any) -> Things:
        """List chats with their messages, newest change first."""
        listed = Chats.get_chat_list_by_user_id(user_id, **more)
        found = [Chats.get_chat_by_id(one.id) for one in listed]
        return Things(one for one in found if one is not None)


class Models:
    """The models that the user may use, and what their rows say."""

    @staticmethod
    def get_model_by_id(id: str, *_rest: Any, **_more: Any) -> Thing | None:
        """Give what the row of a model says; None when it has none."""
        found = asking.ask_at_once("model", id=id) or {}
        return _row(found["info"]) if found.get("info") else None

    @staticmethod
    def get_all_models(*_rest: Any, **_more: Any) -> Things:
        """List what rows of models say."""
        told = asking.ask_at_once("models")
        return Things(_row(one["info"]) for one in told if one.get("info"))

    get_models = get_models_by_user_id = get_all_models

    @staticmethod
    def get_base_models(*_rest: Any, **_more: Any) -> Things:
        """List what rows of models say that stand on no other."""
        return Things(one for one in Models.get_all_models() if one.base_model_id is None)


def _row(info: dict[str, Any]) -> Thing:
    meta = {"profile_image_url": None, "description": None, "capabilities": None}
    parts = {"meta": Thing(**meta | (info.get("meta") or {})), "params": Thing(**info["params"])}
    return Thing(**{**info, **parts})


async def get_all_models(*_args: Any, **_more: Any) -> list[dict[str, Any]]:
    """List the models that the user may use, as the API does."""
    found: list[dict[str, Any]] = await asking.ask("models")
    return found


class ModelsById(Mapping[str, Any]):
    """The models that the user may use by their ids, asked for when they are looked at."""

    def __init__(self) -> None:
        self._found: dict[str, Any] | None = None

    def _all(self) -> dict[str, Any]:
        if self._found is None:
            self._found = {one["id"]: one for one in asking.ask_at_once("models")}
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class Files:
    """The user's files, and those that the user may read."""

    @staticmethod
    def get_file_by_id(id: str, *_rest: Any, **_more: Any) -> Thing | None:
        """Give a file with its text."""
        return _thing(asking.ask_at_once("file", id=id))

    get_file_by_id_and_user_id = get_file_metadata_by_id = get_file_by_id

    @staticmethod
    def get_files_by_ids(ids: list[str], *_rest: Any, **_more: Any) -> Things:
        """Give several files, as far as they are there."""
        return Things(one for one in map(Files.get_file_by_id, ids) if one is not None)

    get_file_metadatas_by_ids = get_files_by_ids

    @staticmethod
    def get_files_by_user_id(*_rest: Any, **_more: Any) -> Things:
        """List the user's own files without their texts."""
        return Things(Thing(**one) for one in asking.ask_at_once("files"))

    @staticmethod
    def insert_new_file(_user_id: str, form: Any, *_rest: Any, **_more: Any) -> Thing:
        """Keep what was given to the storage before as a file of the user; it gets an id of ours.

        Raises:
            RuntimeError: The storage has nothing under the form's path.
        """
        content = Storage.given.pop(str(form.path), None)
        if content is None:
            raise RuntimeError("there is nothing in the storage under this path")
        return _kept(str(form.filename), content, getattr(form, "meta", None))


def _kept(filename: str, content: bytes, meta: Any) -> Thing:
    packed = base64.b64encode(content).decode()
    about = meta if isinstance(meta, dict) else {}
    return Thing(**asking.ask_at_once("keep_file", filename=filename, content=packed, meta=about))


class Storage:
    """The bytes of files. They come into the plugin's own folder, and go from it."""

    given: dict[str, bytes] = {}  # noqa: RUF012 -- one for each process

    @staticmethod
    def get_file(path: str) -> str:
        """Fetch a file by the path that it has in `Files`; gives where it lies.

        Raises:
            RuntimeError: There is none, or it is larger than the folder.
        """
        name = os.path.basename(path)
        pieces = asking.ask_at_once_for_pieces("read_file", id=name.partition("_")[0])
        with open(name, "wb") as file:
            for piece in pieces:
                file.write(base64.b64decode(piece))
        return os.path.abspath(name)

    @classmethod
    def upload_file(cls, file: Any, filename: str, *_rest: Any, **_more: Any) -> tuple[bytes, str]:
        """Take the bytes of a file, until `Files.insert_new_file` keeps them."""
        content, path = file.read(), f"uploads/{filename}"
        cls.given[path] = content
        return content, path


def upload_file(*args: Any, **kwargs: Any) -> Thing:
    """Keep an upload as a file of the user; the upload is known by what it is.

    Raises:
        TypeError: There is none.
    """
    given = [*args, *kwargs.values()]
    upload = next((one for one in given if hasattr(one, "file") and hasattr(one, "filename")), None)
    if upload is None:
        raise TypeError("a file is wanted, with a name")
    about = kwargs.get("metadata") or kwargs.get("file_metadata")
    return _kept(str(upload.filename), upload.file.read(), about)


class Memories:
    """What is remembered about the user."""

    @staticmethod
    def get_memories_by_user_id(*_rest: Any, **_more: Any) -> Things:
        """List it, oldest first."""
        return Things(Thing(**one) for one in asking.ask_at_once("memories"))

    get_memories = get_memories_by_user_id

    @staticmethod
    def insert_new_memory(_user_id: str, content: str, *_rest: Any, **_more: Any) -> Thing:
        """Remember something."""
        return Thing(**asking.ask_at_once("remember", content=content))

    @staticmethod
    def delete_memory_by_id(id: str, *_rest: Any, **_more: Any) -> bool:
        """Forget something."""
        return bool(asking.ask_at_once("forget", id=id))

    delete_memory_by_id_and_user_id = delete_memory_by_id


async def add_memory(*args: Any, **kwargs: Any) -> Thing:
    """Remember what a form says."""
    form = _form_in(args, kwargs, "content")
    return Thing(**await asking.ask("remember", content=form.content))


async def query_memory(*args: Any, **kwargs: Any) -> Thing:
    """Look for memories that have to do with what a form says."""
    form = _form_in(args, kwargs, "content")
    found = await asking.ask("recall", content=form.content, limit=getattr(form, "k", None) or 1)
    return Thing(**found)


async def delete_memory_by_id(memory_id: str, *_rest: Any, **_more: Any) -> bool:
    """Forget something."""
    return bool(await asking.ask("forget", id=memory_id))


async def image_generations(*args: Any, **kwargs: Any) -> list[dict[str, str]]:
    """Have pictures painted; each is given as its `url`."""
    form = _form_in(args, kwargs, "prompt")
    found: list[dict[str, str]] = await asking.ask("paint", **vars(form))
    return found


def _form_in(args: tuple[Any, ...], kwargs: dict[str, Any], field: str) -> Any:
    for one in (*args, *kwargs.values()):
        if isinstance(one, Form) and hasattr(one, field):
            return one
    raise TypeError(f"a form with {field!r} is wanted")


_MEMORIES = {
    "Memories": Memories,
    "AddMemoryForm": Form,
    "QueryMemoryForm": Form,
    "add_memory": add_memory,
    "query_memory": query_memory,
    "delete_memory_by_id": delete_memory_by_id,
}
_IMAGES = dict.fromkeys(("GenerateImageForm", "CreateImageForm"), Form)
_FILES = {"Files": Files, "FileForm": Form}
_UPLOADS = dict.fromkeys(("upload_file", "upload_file_handler"), upload_file)
MODULES: dict[str, dict[str, Any]] = {
    "models.chats": {"Chats": Chats},
    "models.models": {"Models": Models},
    "models.files": _FILES,
    "models.memories": {"Memories": Memories},
    "routers.memories": _MEMORIES,
    "routers.files": {**_FILES, **_UPLOADS},
    "routers.images": {**_IMAGES, "image_generations": image_generations},
    "storage.provider": {"Storage": Storage},
    "utils.models": {"get_all_models": get_all_models, "get_all_base_models": get_all_models},
}
