"""Source of tools and functions: what is read of it, and that nothing of it is run."""

import textwrap
import time

import pytest

from shared.errors import Invalid
from shared.services.sources import parse
from shared.services.sources.specs import tool_specs
from shared.services.sources.valves import ADMINS, USERS, function_kind, valves_spec

WEATHER = '''
"""
title: Weather
author: Ada
version: 0.2.0
requirements: requests, pytz
required_open_webui_version: 0.4.0
"""
import os
from typing import Any, Literal, Optional
from pydantic import BaseModel, Field


class Place(BaseModel):
    city: str = Field(..., description="Its name")
    country: str = "IT"


class Tools:
    class Valves(BaseModel):
        api_key: str = Field(default="", description="Key of the service")
        retries: int = Field(3, ge=0, le=10)
        units: Literal["C", "F"] = "C"
        base_url: str = os.getenv("WEATHER_URL", "x")
        proxy: Optional[str] = None
        mode: str = Field("a", json_schema_extra={"enum": ["a", "b"]})
        tags: list[str] = Field(default_factory=list)
        must: bool

    class UserValves(BaseModel):
        home: str = "Rome"

    def __init__(self):
        self.valves = self.Valves()

    async def get_weather(
        self, city: str, days: int = 3, units: Optional[str] = None, __user__: dict = {}
    ) -> str:
        """
        Tell the weather of a city.
        It may be wrong.
        :param city: Name of the city
        :param days: How many days,
            counted from today
        :return: a sentence
        """
        return self._ask(city)

    def compare(self, places: list[Place], *, how: "Literal['a', 'b']" = "a", extra=None) -> Any:
        """Compare places.

        Args:
            places (list): Those to compare.
            how: In which manner.

        Returns:
            Something.
        """

    def _ask(self, city):
        return city

    @property
    def colour(self) -> str:
        return "red"
'''


def specs(text):
    return {spec["name"]: spec for spec in tool_specs(parse(text))}


def parameters(signature, before=""):
    return specs(f"{before}\nclass Tools:\n    def f(self, {signature}): ...\n")["f"]["parameters"]


def one_type(annotation, before=""):
    return parameters(f"x: {annotation}", before)["properties"]["x"]


def test_the_head_of_a_source_tells_about_it():
    head = parse(WEATHER).head

    assert (head["title"], head["author"], head["version"]) == ("Weather", "Ada", "0.2.0")
    assert head["requirements"] == "requests, pytz"


def test_a_source_without_a_head_has_none():
    assert parse("x = 1").head == {}


def test_public_functions_are_offered_with_their_descriptions():
    found = specs(WEATHER)

    assert list(found) == ["get_weather", "compare"]
    assert found["get_weather"]["description"] == "Tell the weather of a city.\nIt may be wrong."
    assert found["compare"]["description"] == "Compare places."


def test_parameters_have_types_notes_and_defaults_and_reserved_ones_are_left_out():
    schema = specs(WEATHER)["get_weather"]["parameters"]

    assert schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city"},
            "days": {
                "type": "integer",
                "default": 3,
                "description": "How many days, counted from today",
            },
            "units": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["city"],
    }


def test_the_other_manner_of_docstrings_is_read_too():
    schema = specs(WEATHER)["compare"]["parameters"]["properties"]

    assert schema["places"]["description"] == "Those to compare."
    assert schema["how"] == {
        "enum": ["a", "b"],
        "type": "string",
        "default": "a",
        "description": "In which manner.",
    }
    assert schema["places"]["items"]["properties"]["city"] == {
        "title": "City",
        "type": "string",
        "description": "Its name",
    }
    assert schema["places"]["items"]["required"] == ["city"]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("int | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("list[dict[str, int]]", None),
        ("typing.List[float]", {"type": "array", "items": {"type": "number"}}),
        ("'bool'", {"type": "boolean"}),
        ("Literal[1, 2]", {"enum": [1, 2], "type": "integer"}),
        ("Union[str, str]", {"type": "string"}),
        ("Annotated[str, 'A name']", {"type": "string", "description": "A name"}),
        ("Annotated[int, Field(ge=1)]", {"type": "integer", "minimum": 1}),
        ("datetime.date", {"type": "string", "format": "date"}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("Dict[str, Any]", {"type": "object"}),
    ],
)
def test_types_are_written_as_json_schemas(annotation, schema):
    inner = {"type": "object", "additionalProperties": {"type": "integer"}}

    assert one_type(annotation) == (schema or {"type": "array", "items": inner})


def test_a_type_that_nobody_knows_is_taken_for_a_text():
    assert one_type("Frobnicator") == {"type": "string"}


def test_a_type_may_have_a_name_or_be_an_enumeration():
    aliased = one_type("Unit", "Unit = Literal['C', 'F']")
    listed = one_type("Unit", "class Unit(str, Enum):\n    C = 'c'\n    F = 'f'")

    assert aliased == {"enum": ["C", "F"], "type": "string"}
    assert listed == {"enum": ["c", "f"], "type": "string"}


def test_inherited_functions_and_valves_are_found():
    text = """
class Base:
    class Valves(BaseModel):
        a: int = 1
    def early(self): ...
    def late(self): "old"

class Tools(Base):
    def late(self): "new"
"""

    found = specs(text)

    assert set(found) == {"early", "late"}
    assert found["late"]["description"] == "new"
    assert valves_spec(parse(text), ADMINS)["properties"]["a"]["default"] == 1


def test_valves_are_described_as_pydantic_would():
    spec = valves_spec(parse(WEATHER), ADMINS)

    assert spec["title"], spec["type"] == ("Valves", "object")
    assert spec["required"] == ["must"]
    assert spec["properties"]["api_key"] == {
        "title": "Api Key",
        "type": "string",
        "default": "",
        "description": "Key of the service",
    }
    assert spec["properties"]["retries"]["minimum"] == 0
    assert spec["properties"]["retries"]["default"] == 3
    assert spec["properties"]["units"]["enum"] == ["C", "F"]
    assert "default" not in spec["properties"]["base_url"]
    assert spec["properties"]["proxy"]["default"] is None
    assert spec["properties"]["mode"]["enum"] == ["a", "b"]
    assert spec["properties"]["tags"] == {
        "title": "Tags",
        "type": "array",
        "items": {"type": "string"},
        "default": [],
    }


def test_users_have_valves_of_their_own():
    spec = valves_spec(parse(WEATHER), USERS)

    assert list(spec["properties"]) == ["home"]


def test_valves_of_the_module_may_be_named_in_the_class():
    text = "class V(BaseModel):\n    a: int = 1\nclass Filter:\n    Valves = V\n"

    assert list(valves_spec(parse(text), ADMINS)["properties"]) == ["a"]


def test_what_has_no_valves_has_no_description_of_them():
    assert valves_spec(parse("class Tools: ..."), ADMINS) is None


@pytest.mark.parametrize("name", ["Pipe", "Filter", "Action"])
def test_a_functions_kind_is_that_of_its_class(name):
    text = f"try:\n    import x\nexcept ImportError:\n    pass\nclass {name}:\n    pass\n"

    assert function_kind(parse(text)) == name.lower()


def test_what_defines_none_of_them_is_refused():
    with pytest.raises(Invalid):
        function_kind(parse("class Tools: ..."))
    with pytest.raises(Invalid):
        tool_specs(parse("class Pipe: ..."))


@pytest.mark.parametrize(
    "text",
    [
        "def f(:",
        "a\x00b",
        "(" * 500,
        "-" * 100_000 + "1",
        "x = " + "a." * 50_000 + "a",
        "x" * 600_000,
    ],
    ids=["syntax", "nul", "brackets", "signs", "dots", "long"],
)
def test_what_is_no_python_is_refused_in_words(text):
    with pytest.raises(Invalid) as failure:
        parse(text)

    assert len(failure.value.message) < 200


def test_a_mistake_is_told_with_its_line():
    with pytest.raises(Invalid, match="line 2"):
        parse("x = 1\ndef f(:\n")


def test_nothing_of_a_source_is_run(tmp_path):
    mark = tmp_path / "mark"
    text = textwrap.dedent(f"""
        open({str(mark)!r}, "w")
        class Tools:
            class Valves(BaseModel):
                a: int = open({str(mark)!r}, "w")
            def f(self, x: open({str(mark)!r}, "w") = open({str(mark)!r}, "w")): ...
    """)

    tool_specs(parse(text))
    valves_spec(parse(text), ADMINS)

    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        "class A(BaseModel):\n"
        + "".join(f"    f{n}: A\n" for n in range(30))
        + "class Tools:\n    def f(self, x: A): ...\n",
        "T = list[T]\nclass Tools:\n    def f(self, x: T): ...\n",
        "class Tools(Tools):\n    def f(self, x: " + " | ".join(["int"] * 900) + "): ...\n",
        "if a: pass\n" + "elif a: pass\n" * 700 + "class Tools:\n    def f(self): ...\n",
    ],
    ids=["classes", "alias", "union", "branches"],
)
def test_no_source_takes_long(text):
    started = time.monotonic()

    assert tool_specs(parse(text))[0]["name"] == "f"
    assert time.monotonic() - started < 15
