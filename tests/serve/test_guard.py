"""Requests of other sites, of other names, and too many of them."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from instancesketch.serve.guard import Access, Guard, TokenBucket
from tests.serve.conftest import ADDRESS, PORT
from tests.serve.test_app import LINE, error_of


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil:{PORT}"],
)
def test_a_request_for_another_host_is_refused(client, host):
    for path in ("/", "/api/model", "/app.js"):
        assert "own name" in error_of(client.get(path, headers={"host": host}), 403)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_its_own_names_are_answered(client, name):
    host = f"{name}:{PORT}"
    headers = {"host": host, "origin": f"http://{host}"}
    response = client.post("/api/label", json={"strokes": LINE}, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"https://127.0.0.1:{PORT}"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": f"http://localhost:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_request_of_another_origin_is_refused(client, headers):
    response = client.post("/api/label", json={"strokes": LINE}, headers=headers)
    assert "other sites" in error_of(response, 403)
    assert "access-control-allow-origin" not in response.headers


def test_another_site_is_not_allowed_to_ask(client):
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    response = client.options("/api/label", headers=headers)
    assert response.status_code == 403


def test_answers_carry_a_strict_policy_and_say_nothing_of_the_server(client):
    for path in ("/", "/app.js", "/api/model", "/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_too_many_requests_wait_a_second():
    now = [0.0]
    app = Guard(Starlette(), Access.of_this_machine(PORT), lambda: now[0])
    client = TestClient(app, base_url=ADDRESS)
    while client.get("/api/model").status_code == 404:
        assert now[0] < 500
        now[0] += 0.001  # a thousand a second
    refused = client.get("/api/model")
    assert "too many" in error_of(refused, 429)
    assert refused.headers["retry-after"] == "1"
    assert client.get("/app.js").status_code == 404  # files are not counted
    now[0] += 1
    assert client.get("/api/model").status_code == 404


def test_the_bucket_fills_again():
    now = [0.0]
    bucket = TokenBucket(2.0, 3.0, lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 1.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_websockets_are_closed():
    client = TestClient(Guard(Starlette(), Access.of_this_machine(PORT)), base_url=ADDRESS)
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"ws://127.0.0.1:{PORT}/api/label"),
    ):
        pass
    assert refused.value.code == 1008
