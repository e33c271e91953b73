"""The API is as its description says."""

import pytest

from tests.serve.test_app import LINE

jsonschema = pytest.importorskip("jsonschema", reason="Ray brings it")


def test_every_request_that_is_described_is_answered_as_described(client):
    described = client.get("/api/openapi.json").json()
    asked = {"strokes": LINE}
    for path, operations in described["paths"].items():
        ((method, operation),) = operations.items()
        answer = client.request(method, path, json=asked if method == "post" else None)
        assert answer.status_code != 404, path
        assert str(answer.status_code) in operation["responses"], (path, answer.text)
        content = operation["responses"][str(answer.status_code)]["content"]
        jsonschema.validate(answer.json(), content["application/json"]["schema"])


def test_every_request_of_the_api_is_described(client):
    described = client.get("/api/openapi.json").json()["paths"]
    routes = {route.path for route in client.app.routes if route.path.startswith("/api/")}
    assert routes - {"/api/openapi.json"} == set(described)
