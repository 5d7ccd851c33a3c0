"""OpenAPI documents, good and bad."""

import json

import pytest

from shared.errors import Invalid
from workers.tools.openapi_document import describe, read

# Each line stands for eight times the one before.
LINES = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 8)]
BOMB = "\n".join(["a0: &a0 [1]", *LINES, "paths: {x: *a7}"]).encode()


def document(**operation):
    paths = {"/x": {"post": {"operationId": "x", **operation}}}
    return {"openapi": "3.1.0", "info": {"title": "T"}, "paths": paths}


def body_of(schema, **more):
    return {"content": {"application/json": {"schema": schema}}, **more}


def parameters_of(made):
    return made["specs"][0]["parameters"]


def test_json_and_yaml_are_read_whatever_the_server_calls_them():
    packed = json.dumps(document()).encode()

    assert read(packed, is_yaml=True) == read(packed, is_yaml=False) == document()
    assert read(b"paths: {/x: {get: {operationId: x}}}", is_yaml=False)["paths"]


def test_dates_in_yaml_stay_texts():
    made = read(b"paths: {}\ninfo: {version: 2024-01-01}", is_yaml=True)

    assert made["info"]["version"] == "2024-01-01"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"paths": []}',
        b"\xff\xfe",
        b"paths: &a {x: *a}",
        BOMB,
        b"paths: !!python/object/apply:os.system ['id']",
    ],
)
def test_what_is_no_document_is_refused(content):
    for is_yaml in (True, False):
        with pytest.raises(Invalid):
            read(content, is_yaml)


def test_parts_of_a_body_and_of_allof_are_parameters():
    parts = [
        {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"properties": {"b": {"type": "integer"}}},
    ]

    made = describe(document(requestBody=body_of({"allOf": parts})))

    assert parameters_of(made) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a"],
    }
    assert made["operations"]["x"]["body"] == "object"


def test_a_body_that_is_no_object_is_one_parameter():
    made = describe(document(requestBody=body_of({"type": "array"}, required=True)))

    assert parameters_of(made)["properties"] == {"body": {"type": "array"}}
    assert parameters_of(made)["required"] == ["body"]
    assert made["operations"]["x"]["body"] == "whole"


def test_a_reference_that_leads_nowhere_is_passed_over():
    made = describe(document(parameters=[{"$ref": "#/components/nothing"}, {"$ref": "http://x"}]))

    assert parameters_of(made)["properties"] == {}


def test_references_that_grow_without_end_are_refused():
    schemas = {
        f"S{n}": {
            "properties": {f"p{k}": {"$ref": f"#/components/schemas/S{n + 1}"} for k in range(10)}
        }
        for n in range(12)
    }
    grown = document(requestBody=body_of({"$ref": "#/components/schemas/S0"}))

    with pytest.raises(Invalid, match="too large"):
        describe({**grown, "components": {"schemas": schemas}})


def test_operations_without_a_name_of_their_own_are_no_functions():
    paths = {
        "/a": {"get": {"summary": "nameless"}, "post": {"operationId": ""}},
        "/b": {"get": {"operationId": "b"}, "put": {"operationId": "b"}},
        "/c": "nothing",
    }

    made = describe({"paths": paths})

    assert [(one["name"], one["description"]) for one in made["specs"]] == [
        ("b", "No description available.")
    ]
    assert made["operations"]["b"]["method"] == "GET"
