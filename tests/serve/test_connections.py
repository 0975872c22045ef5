"""Requests that no client would send: an error in one line, nothing else happens, memory stays."""

import json
import socket
import time
import tracemalloc

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("uvicorn")


from s2s.serve.body import Limits

PAIR = {"source": "de", "target": "en"}
HEAD = b"POST /translate HTTP/1.1\r\nHost: s2s\r\n"
LIMITS = Limits(max_texts=100, max_chars=1000, max_bytes=100_000, body_seconds=2.0)


@pytest.fixture
def server(serve, tiny):
    with serve(tiny, limits=LIMITS) as server:
        yield server
        assert server.translate("eins zwei") == "one two"  # it goes on


def error_of(response, status):
    assert response[0] == status, response
    return json.loads(response[1])["error"]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(server):
    head = HEAD + b"Content-Length: 1000000000\r\n\r\n"
    assert "1000000000 bytes; at most 100000" in error_of(server.send(head), 413)


def test_a_body_in_chunks_is_read_up_to_the_limit(server):
    tracemalloc.start()
    try:
        with server.connect() as connection:
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            sent, chunk = 0, b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
            with pytest.raises(OSError):
                for _ in range(60_000):
                    connection.sendall(chunk)
                    sent += len(chunk)
        assert sent < 20_000_000  # what the buffers of the sockets hold
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"q": ["eins"] * 101}, 400),
        ({"q": "x" * 1001}, 400),
        ({"q": ["x" * 99_999]}, 413),
        ({"q": ["a"] * 30_000}, 413),
        ({"q": {"a": "eins"}}, 400),
        ({"q": [["eins"]]}, 400),
        ({"q": True}, 400),
        ({"source": "x" * 1000}, 400),
        ({"target": "<script>"}, 400),
        ({"format": ["html"]}, 400),
        ({"alternatives": 10**30}, 400),
        ({"alternatives": 1e9}, 400),
        ({"alternatives": [1]}, 400),
    ],
)
def test_what_is_too_much_or_of_another_kind_is_an_error(server, fields, status):
    error = error_of(server.post("/translate", {"q": "eins", **PAIR, **fields}), status)
    assert len(error) < 150


@pytest.mark.parametrize("q", ["\n" * 999, "." * 999, "ß" * 999, "\u202e", "😀" * 500, "<" * 999])
def test_strange_texts_are_translated(server, q):
    assert isinstance(server.translate([q])[0], str)


def test_a_body_of_two_lengths_is_refused(server):
    lengths = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.send(HEAD + lengths + b"0\r\n\r\n")[0] == 400


def test_a_packed_body_is_refused(server):
    response = server.post("/translate", b"\x1f\x8b", "Content-Encoding: gzip")
    assert "packed" in error_of(response, 400)


def test_a_slow_sender_is_told_so(server):
    with server.connect() as slow:
        slow.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        start = time.monotonic()
        while time.monotonic() < start + 0.5:
            slow.sendall(b" ")
            assert server.translate("elf") == "eleven"
            time.sleep(0.1)
        assert "within 2 seconds" in error_of(server.read(slow), 408)


def test_a_flood_of_headers_is_refused(server):
    assert server.send(HEAD + b"X: y\r\n" * 100_000)[0] in (0, 400)
    assert server.send(b"GET /" + b"x" * 1_000_000)[0] in (0, 400)


@pytest.mark.parametrize(
    "data", [b"\0" * 100, b"GET", b"\x16\x03\x01\x02", b"POST /translate HTTP/9.9\r\n\r\n", b"\r\n"]
)
def test_what_is_no_request_ends_the_connection(server, data):
    with server.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert server.read(connection)[0] in (0, 400)


def test_a_client_that_hangs_up_is_dropped(serve, tiny):
    with serve(tiny, workers=1, batch_pieces=64) as server:
        stats = server.service.stats
        body = json.dumps({"q": ["eins zwei " * 9] * 500, **PAIR}).encode()
        with server.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            end = time.monotonic() + 20
            while not stats.waiting_texts and time.monotonic() < end:
                time.sleep(0.01)
        while stats.waiting_texts and time.monotonic() < end:
            time.sleep(0.01)
        assert stats.dropped_texts > 300
        assert server.translate("drei") == "three"


def test_a_full_queue_is_said_at_once(serve, tiny):
    with serve(tiny, workers=1, batch_pieces=1, queue_pieces=100) as server:
        body = json.dumps({"q": [f"{'eins ' * 9} {n}" for n in range(90)], **PAIR}).encode()
        with server.connect() as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            while not server.service.stats.waiting_texts:
                time.sleep(0.01)
            error = error_of(server.post("/translate", {"q": "elf", **PAIR}), 429)
            assert error.startswith("Slowdown: ")
            assert server.read(connection)[0] == 200


def test_no_text_of_a_user_comes_into_the_log(serve, tiny, caplog):
    caplog.set_level("DEBUG")
    typed = "geheim 😀"
    with serve(tiny, limits=LIMITS) as server:
        for fields in ({}, {"q": typed * 200}, {"source": typed}, {"q": typed + "\0"}):
            server.post("/translate", {"q": typed, **PAIR, **fields})
        server.post("/translate", typed.encode())
        server.service.models.files[0].engine.translator.close()
        assert error_of(server.post("/translate", {"q": typed, **PAIR}), 500)
    assert "UseError" in caplog.text
    assert "geheim" not in caplog.text
