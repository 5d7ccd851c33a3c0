"""Editors: a pair of routes by which admins see and save options, made of one declaration."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from flask import Blueprint
from pydantic import BaseModel, create_model, model_validator

from shared.config.options import OPTIONS
from shared.schema import Schema
from shared.services import configuration
from shared.services.configuration import Unusable
from web import audit
from web.api import BadBody, endpoint

Values = dict[str, Any]


class Null(Enum):
    """What null in a field means."""

    REFUSED = "refused"
    UNCHANGED = "unchanged"
    # The environment or the default counts again; or the option is empty, where it can be.
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class Of:
    """The option behind a field.

    Attributes:
        option: Its name.
        is_required: Whether the field has to be there; one that is not stays as it is.
        null: What null in it means.
        form: What the field takes, where it is wider than the option's own form.
        is_lenient: Whether a value that the option does not take is passed over instead of refused.
        also: The name under which newer clients send and expect the field.
        is_joined: Whether a list of texts is shown as one text, with commas between them; either
            may be sent.
    """

    option: str
    is_required: bool = True
    null: Null = Null.REFUSED
    form: Any = None
    is_lenient: bool = False
    also: str | None = None
    is_joined: bool = False

    @property
    def taken(self) -> Any:
        """What the field takes."""
        if self.is_joined:
            return list[str] | str
        return OPTIONS[self.option].form if self.form is None else self.form

    @property
    def given(self) -> Any:
        """The form in which the field is shown."""
        return str if self.is_joined else OPTIONS[self.option].form

    def shown(self) -> Any:
        """Show the option's value."""
        value = configuration.shown(self.option)
        return ",".join(value) if self.is_joined else value

    def read(self, value: Any) -> Any:
        """Bring what was sent nearer to the option's form."""
        if not self.is_joined or not isinstance(value, str):
            return value
        return [part.strip() for part in value.split(",") if part.strip()]


@dataclass(frozen=True)
class Group:
    """Fields inside a field."""

    fields: Mapping[str, "Of | Group"]
    is_required: bool = True


Fields = Mapping[str, Of | Group]


def named_alike(*names: str, is_required: bool = True, null: Null = Null.REFUSED) -> Fields:
    """Declare fields that are called as their options."""
    return {name: Of(name, is_required, null) for name in names}


@dataclass(frozen=True)
class Editor:
    """Some options that are seen and saved together.

    Attributes:
        name: Of its views, in this blueprint the only one.
        about: What the options are about, as the rest of "Show …".
        module: Where its forms belong, the noun's `web.<noun>.schemas`.
        fields: What the body holds.
        constant: What the answer holds beside.
        before: Sees what is about to be saved, by option; gives what is to be saved, or raises.
        refuses: Why it may raise; empty when it never does.
        after: Done when something was saved, before that is answered.
    """

    name: str
    about: str
    module: str
    fields: Fields
    constant: Values = field(default_factory=dict)
    before: Callable[[Values], Values] = lambda values: values
    refuses: str = ""
    after: Callable[[], None] = lambda: None

    def form(self) -> type[BaseModel]:
        """Make the form of what is sent."""
        return _form(self, self._title("Form"), self.fields, f"New values for {self.about}.")

    def response(self) -> type[BaseModel]:
        """Make the form of what is answered."""
        about = f"{self.about[:1].upper()}{self.about[1:]}, secrets as masks."
        return _response(self, self._title("Response"), self.fields, about, self.constant)

    def _title(self, kind: str) -> str:
        return "".join(part.capitalize() for part in self.name.split("_")) + kind

    def show(self) -> Values:
        """Give the values that count now."""
        return {**self.constant, **_shown(self.fields)}

    def save(self, body: BaseModel) -> None:
        """Save what was sent.

        Raises:
            BadBody: An option does not take its value.
        """
        try:
            values = self.before(dict(_sent(self.fields, body)))
            configuration.save(values)
            audit.note("saved the options %s", ", ".join(sorted(values)) or "of none")
        except Unusable as error:
            places = {of.option: path for path, of in _paths(self.fields)}
            raise as_bad_body(
                {places[name]: error.problems[name] for name in error.problems}
            ) from None
        self.after()


def as_bad_body(problems: Mapping[tuple[str, ...], str]) -> BadBody:
    """Say by places in the body what is wrong with its values."""
    return BadBody(
        [
            {"type": "value_error", "loc": ["body", *path], "msg": f"Value error, {words}"}
            for path, words in problems.items()
        ]
    )


def add_editor(
    bp: Blueprint, editor: Editor, read: str, write: str | None = None, who_reads: str = "admin"
) -> None:
    """Give a blueprint the two routes of an editor.

    Args:
        read: Path of the GET.
        write: Path of the POST, the same when None.
        who_reads: Who may see the values; only admins save.
    """
    response = editor.response()

    def show() -> Values:
        return editor.show()

    def save(body: BaseModel) -> Values:
        editor.save(body)
        return editor.show()

    show.__name__, show.__doc__ = f"show_{editor.name}", f"Show {editor.about}; secrets are masked."
    save.__name__ = f"save_{editor.name}"
    save.__doc__ = f"Change {editor.about}; an unchanged mask keeps its secret."
    bp.get(read)(endpoint(response=response, who=who_reads)(show))
    bp.post(write or read)(
        endpoint(
            body=editor.form(),
            response=response,
            transaction=None,
            who="admin",
            errors={400: editor.refuses} if editor.refuses else {},
        )(save)
    )


def _form(editor: Editor, title: str, fields: Fields, about: str) -> type[BaseModel]:
    made: dict[str, Any] = {}
    for name, of in fields.items():
        if isinstance(of, Group):
            inner = _form(editor, f"{title}{name.capitalize()}", of.fields, f"`{name}` of it.")
            made[name] = inner if of.is_required else (inner | None, None)
        else:
            made[name] = _sent_field(of)
    rules: dict[str, Any] = {"newer_names": model_validator(mode="before")(_renaming(fields))}
    return create_model(
        title,
        __base__=Schema,
        __module__=editor.module,
        __doc__=about,
        __validators__=rules,
        **made,
    )


def _sent_field(of: Of) -> Any:
    form = of.taken if of.null is Null.REFUSED else of.taken | None
    return (form, ... if of.is_required else None)


def _renaming(fields: Fields) -> Callable[[Any], Any]:
    """Make what lets newer names of fields count, but not where they only echo what was shown."""
    newer = {
        of.also: (name, of.option)
        for name, of in fields.items()
        if isinstance(of, Of) and of.also is not None
    }

    def rename(body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        return body | {
            name: body[also]
            for also, (name, option) in newer.items()
            if also in body and (name not in body or body[also] != configuration.shown(option))
        }

    return rename


def _response(
    editor: Editor, title: str, fields: Fields, about: str, constant: Values
) -> type[BaseModel]:
    made: dict[str, Any] = {name: (type(value), ...) for name, value in constant.items()}
    for name, of in fields.items():
        if isinstance(of, Group):
            inner = f"{title}{name.capitalize()}"
            made[name] = _response(editor, inner, of.fields, f"`{name}` of it.", {})
        else:
            made |= dict.fromkeys(_names(name, of), (of.given, ...))
    return create_model(title, __base__=Schema, __module__=editor.module, __doc__=about, **made)


def _names(name: str, of: Of) -> tuple[str, ...]:
    return (name, of.also) if of.also else (name,)


def _shown(fields: Fields) -> Values:
    values: Values = {}
    for name, of in fields.items():
        if isinstance(of, Group):
            values[name] = _shown(of.fields)
        else:
            values |= dict.fromkeys(_names(name, of), of.shown())
    return values


def _sent(fields: Fields, body: BaseModel) -> Iterator[tuple[str, Any]]:
    """Give the options that a body is about, with their new values."""
    for name, of in fields.items():
        value = getattr(body, name)
        if isinstance(of, Group):
            if value is not None:
                yield from _sent(of.fields, value)
        elif _is_said(name, of, value, body):
            yield of.option, of.read(value)


def _is_said(name: str, of: Of, value: Any, body: BaseModel) -> bool:
    if value is None:
        return of.null is Null.FORGOTTEN and name in body.model_fields_set
    return not of.is_lenient or _is_taken(of.option, value)


def _is_taken(option: str, value: Any) -> bool:
    try:
        OPTIONS[option].checked(value)
    except ValueError:
        return False
    return True


def _paths(fields: Fields, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Of]]:
    for name, of in fields.items():
        if isinstance(of, Group):
            yield from _paths(of.fields, (*above, name))
        else:
            yield (*above, name), of
