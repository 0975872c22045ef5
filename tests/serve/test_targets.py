"""Targets of requests: with scheme and host, as clients of proxies send them."""

import json

import pytest

pytest.importorskip("starlette")

import asyncio

from s2s.serve.targets import AbsoluteTargets


def passed_on(target, host=b"old"):
    """Returns path, raw path and hosts that the application sees."""
    seen = []

    async def app(scope, receive, send):
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        seen.append((scope["path"], scope["raw_path"], hosts))

    from urllib.parse import unquote

    scope = {
        "type": "http",
        "path": unquote(target.decode()),
        "raw_path": target,
        "headers": [(b"host", host), (b"x", b"y")],
    }
    asyncio.run(AbsoluteTargets(app)(scope, None, None))
    assert scope["raw_path"] == target  # the server's own scope stays
    return seen[0]


@pytest.mark.parametrize(
    ("target", "path", "raw_path", "host"),
    [
        (b"/translate", "/translate", b"/translate", b"old"),
        (b"http://host:5000/translate", "/translate", b"/translate", b"host:5000"),
        (b"HTTPS://[::1]:1/v2/a%20b", "/v2/a b", b"/v2/a%20b", b"[::1]:1"),
        (b"http://user:word@host/x@y", "/x@y", b"/x@y", b"host"),
        (b"http://host", "/", b"/", b"host"),
        (b"http://host//x", "//x", b"//x", b"host"),
        (b"//host/x", "//host/x", b"//host/x", b"old"),
        (b"http:///x", "http:///x", b"http:///x", b"old"),
        (b"ftp://host/x", "ftp://host/x", b"ftp://host/x", b"old"),
        (b"*", "*", b"*", b"old"),
        (b"http%3A//host/x", "http://host/x", b"http%3A//host/x", b"old"),
    ],
)
def test_a_target_with_scheme_and_host_is_that_without(target, path, raw_path, host):
    assert passed_on(target) == (path, raw_path, [host])


def test_a_long_target_takes_no_long_time():
    target = b"http://" + b"@" * 60_000
    assert passed_on(target)[1] == target


def test_a_server_answers_such_a_target(serve, tiny):
    pytest.importorskip("onnxruntime")
    with serve(tiny) as server:
        fields = {"q": "elf", "source": "de", "target": "en"}
        status, body = server.post(f"http://127.0.0.1:{server.port}/translate", fields)
        assert (status, json.loads(body)) == (200, {"translatedText": "eleven"})
