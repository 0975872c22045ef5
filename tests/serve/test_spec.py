"""The description of the APIs describes what is there."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from served import serving

NO_API = {("/", "GET"), ("/metrics", "GET"), ("/spec", "GET")}


def test_every_route_is_described_and_nothing_else(tiny):
    with serving(tiny) as client:
        described = client.get("/spec").json()["paths"]
        routes = {
            (route.path.replace("{version}", "1"), method)
            for route in client.app.routes
            for method in route.methods - {"HEAD"}
        }
    found = {(path, method.upper()) for path, methods in described.items() for method in methods}
    assert found == routes - NO_API


def test_an_answer_has_the_properties_that_are_described(tiny):
    requests = {
        "/translate": {"q": "eins", "source": "auto", "target": "en", "alternatives": 1},
        "/v2/translate": {"text": "eins", "target_lang": "EN"},
    }
    with serving(tiny) as client:
        paths = client.get("/spec").json()["paths"]
        for path, body in requests.items():
            operation = paths[path]["post"]
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            asked = operation["requestBody"]["content"]["application/json"]["schema"]
            assert set(body) <= set(asked["properties"])
            assert set(client.post(path, json=body).json()) == set(schema["properties"])
            wrong = client.post(path, json={}).json()
            error = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert set(wrong) == set(error["properties"])
