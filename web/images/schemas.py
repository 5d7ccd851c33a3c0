"""Forms and answers of the routes of pictures."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator

from shared.errors import Invalid
from shared.kinds.images import Paint
from shared.schema import Schema

_LONGEST_PROMPT = 32_000
_MOST, _MOST_PREVIEWS = 10, 3
_SIZE = r"^(\d{1,5}x\d{1,5}|auto)?$"


class ImageForm(Schema):
    """What is to be painted."""

    model_config = ConfigDict(extra="ignore")

    prompt: str = Field(min_length=1, max_length=_LONGEST_PROMPT)
    model: str | None = Field(None, max_length=512)
    size: str | None = Field(None, pattern=_SIZE)
    n: int = Field(1, ge=1, le=_MOST)
    negative_prompt: str | None = Field(None, max_length=_LONGEST_PROMPT)

    @field_validator("n", mode="before")
    @classmethod
    def _one_unless_told(cls, count: Any) -> Any:
        return 1 if count is None else count


class OpenAIImageForm(ImageForm):
    """What is to be painted, in OpenAI's form; `background` makes it a job to be followed where it
    is `true`, and is the picture's background where it is a word.
    """

    response_format: Literal["url", "b64_json"] | None = None
    quality: str | None = Field(None, max_length=32)
    style: str | None = Field(None, max_length=32)
    output_format: Literal["png", "jpeg", "webp"] | None = None
    background: bool | str | None = None
    stream: bool | None = None
    partial_images: int | None = Field(None, ge=0, le=_MOST_PREVIEWS)


class ChangeForm(OpenAIImageForm):
    """How pictures are to be changed; variations need no words."""

    prompt: str = Field("", max_length=_LONGEST_PROMPT)


def changes_of(fields: dict[str, str]) -> ChangeForm:
    """Read the fields of a form.

    Raises:
        Invalid: One has a value that it may not have; the message names it.
    """
    try:
        return ChangeForm.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise Invalid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def order_of(form: ImageForm) -> Paint:
    """Write down what a worker is to paint."""
    extras = {}
    if isinstance(form, OpenAIImageForm):
        extras = form.model_dump(include={"quality", "style", "output_format"}, exclude_none=True)
        if isinstance(form.background, str) and form.background not in ("true", "false"):
            extras["background"] = form.background[:32]
    return Paint(
        prompt=form.prompt,
        negative_prompt=form.negative_prompt or "",
        count=form.n,
        size=form.size or "",
        painter=form.model or "",
        extras=extras,
    )


class ImageResponse(Schema):
    """Where a picture is."""

    url: str


class ModelResponse(Schema):
    """A model that makes pictures."""

    id: str
    name: str
