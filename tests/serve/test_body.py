"""Large bodies are parsed beside other requests, and one after the other."""

import asyncio
import threading
import time

import pytest

pytest.importorskip("starlette")

from starlette.requests import Request

from s2s.serve import body
from s2s.serve.body import BodyReader, Limits

LARGE = 200_000


def request_of(data, kind):
    """A request whose body has arrived."""

    async def receive():
        return {"type": "http.request", "body": data, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "headers": headers, "query_string": b"", "path": "/", "state": {}}
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("application/json", b'{"q": "%s"}' % (b"a" * LARGE)),
        ("application/x-www-form-urlencoded", b"q=" + b"a" * LARGE),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="q"\r\n\r\n'
            + b"a" * LARGE
            + b"\r\n--b--",
        ),
    ],
)
def test_a_large_body_of_any_kind_is_parsed_in_a_thread(kind, data, monkeypatch):
    threads = []
    for name in ("parse_json", "_to_fields"):
        parse = getattr(body, name)

        def noted(value, parse=parse):
            threads.append(threading.current_thread())
            return parse(value)

        monkeypatch.setattr(body, name, noted)
    reader = BodyReader(Limits())
    assert asyncio.run(reader.fields(request_of(data, kind))) == {"q": "a" * LARGE}
    assert threading.main_thread() not in threads
    small = data.replace(b"a" * LARGE, b"a")
    assert asyncio.run(reader.fields(request_of(small, kind))) == {"q": "a"}
    assert threads[-1] is threading.main_thread()


def test_large_bodies_are_parsed_one_at_a_time():
    running, most = [], 0

    def parse(data):
        nonlocal most
        running.append(data)
        most = max(most, len(running))
        time.sleep(0.02)
        running.pop()
        return len(data)

    async def parse_all():
        reader = BodyReader(Limits())
        return await asyncio.gather(*(reader.parse(parse, bytes(LARGE)) for _ in range(4)))

    assert asyncio.run(parse_all()) == [LARGE] * 4
    assert most == 1
