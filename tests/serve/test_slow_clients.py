"""Clients that are silent, send slowly, or do not read: others do not wait, and memory stays."""

import contextlib
import json
import socket
import time

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("uvicorn")
resource = pytest.importorskip("resource")

from s2s.serve.body import Limits
from s2s.serve.protocol import Connections
from s2s.serve.stats import Stats

PAIR = {"source": "de", "target": "en"}
HEAD = b"POST /translate HTTP/1.1\r\nHost: s2s\r\n"
UNTRANSLATED = {"q": ["1" * 9000] * 100, "source": "auto", "target": "en"}
"""0.9 MB that come back as they are: they have no letters."""
BUFFER = 20_000


def request(fields):
    body = json.dumps(fields).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def ask_without_reading(server, fields=UNTRANSLATED):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(request(fields))
    return connection


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def unread_bytes(server):
    return sum(each.unread_bytes for each in list(server.connections.unread))


def has_ended(connection):
    """Reads to the end of a connection; a TimeoutError if there is none."""
    with contextlib.suppress(ConnectionError):
        while connection.recv(1_000_000):
            pass
    return True


def test_a_client_that_reads_nothing_is_cut_off(serve, tiny):
    with (
        serve(tiny, connections={"unread_seconds": 0.5}, buffer=BUFFER) as server,
        ask_without_reading(server) as deaf,
    ):
        wait_for(lambda: server.connections.unread)
        assert unread_bytes(server) > 100_000
        assert server.translate("elf") == "eleven"
        wait_for(lambda: not server.connections.unread)
        stats = server.service.stats
        assert "1 answers were not read by their clients" in str(stats)
        wait_for(lambda: stats.connections == 0)
        with pytest.raises(ConnectionResetError):  # it cannot take the end for that of the answer
            while deaf.recv(1_000_000):
                pass


def test_a_client_that_reads_slowly_gets_its_whole_answer(serve, tiny):
    with (
        serve(tiny, connections={"unread_seconds": 1.0}, buffer=BUFFER) as server,
        ask_without_reading(server) as slow,
    ):
        start, got = time.monotonic(), b""
        while time.monotonic() < start + 2.5:  # longer than a silence may be
            got += slow.recv(5_000)
            time.sleep(0.02)
        assert server.connections.unread
        slow.shutdown(socket.SHUT_WR)
        while data := slow.recv(1_000_000):
            got += data
        answer = json.loads(got.partition(b"\r\n\r\n")[2])
        assert answer["translatedText"] == UNTRANSLATED["q"]


def test_answers_that_nobody_reads_are_bounded_together(serve, tiny):
    with (
        serve(tiny, connections={"unread_bytes": 2_000_000}, buffer=BUFFER) as server,
        contextlib.ExitStack() as stack,
    ):
        deaf = []
        answered = server.service.stats.requests
        for _ in range(5):
            deaf.append(stack.enter_context(ask_without_reading(server)))
            wait_for(lambda: answered["libretranslate", 200] == len(deaf))
            time.sleep(0.1)  # for the answer, which follows its count
            assert unread_bytes(server) <= 2_000_000
        assert 0 < len(server.connections.unread) < 5
        assert server.translate("elf") == "eleven"
        assert has_ended(deaf[0])


def test_a_client_that_never_finishes_its_headers_is_cut_off(serve, tiny):
    with (
        serve(tiny, connections={"request_seconds": 1.0}) as server,
        server.connect() as silent,
        server.connect() as slow,
    ):
        slow.sendall(HEAD)
        assert server.read(silent) == (0, b"")
        assert server.read(slow) == (0, b"")
        with server.connect() as second:  # the first request is good, the second one is slow
            second.sendall(request({"q": "eins", **PAIR}))
            assert server.read(second)[0] == 200
            second.sendall(HEAD)
            assert server.read(second) == (0, b"")


def test_silent_connections_make_room_for_others(serve, tiny):
    with serve(tiny, connections={"most": 5}) as server, contextlib.ExitStack() as stack:
        used = stack.enter_context(server.connect())
        silent = [stack.enter_context(server.connect()) for _ in range(3)]
        slow = stack.enter_context(server.connect())
        slow.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        used.sendall(request({"q": "eins", **PAIR}))  # it has been silent for the shortest time
        assert server.read(used)[0] == 200
        assert server.translate("zwei") == "two"  # in the place of one that was silent
        stats = server.service.stats
        wait_for(lambda: stats.connections == 4)
        others = [stack.enter_context(server.connect()) for _ in range(4)]
        assert all(has_ended(each) for each in (*silent, slow))
        assert (stats.connections, stats.displaced, stats.unread_answers) == (5, 4, 0)
        for connection in (used, *others):
            connection.sendall(request({"q": "elf", **PAIR}))
            assert server.read(connection) == (200, b'{"translatedText":"eleven"}')


def test_a_connection_too_many_is_closed_if_all_have_sent_requests(serve, tiny):
    options = {"connections": {"most": 3}, "workers": 1, "batch_pieces": 1}
    with serve(tiny, **options) as server, contextlib.ExitStack() as stack:
        texts = [f"{'eins ' * 9} {number}" for number in range(40)]
        busy = [stack.enter_context(server.connect()) for _ in range(3)]
        for connection in busy:
            connection.sendall(request({"q": texts, **PAIR}))
        wait_for(lambda: server.service.stats.waiting_texts > 80)  # of all three
        with server.connect() as late:
            assert has_ended(late)
        assert [server.read(connection)[0] for connection in busy] == [200] * 3


def test_requests_that_come_one_behind_the_other_are_answered_in_order(serve, tiny):
    texts = ["eins", "zwei drei", "elf", "zwei"]
    with serve(tiny) as server, server.connect() as connection:
        connection.sendall(b"".join(request({"q": text, **PAIR}) for text in texts))
        file = connection.makefile("rb")
        for translation in ("one", "two three", "eleven", "two"):
            while line := file.readline().strip().lower():
                if line.startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            assert json.loads(file.read(length)) == {"translatedText": translation}


def test_a_client_waits_for_the_word_to_send_its_body(serve, tiny):
    with serve(tiny, limits=Limits(max_bytes=1000)) as server:
        with server.connect() as connection:
            head, _, body = request({"q": "elf", **PAIR}).partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert server.read(connection) == (200, b'{"translatedText":"eleven"}')
        with server.connect() as connection:
            connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
            assert server.read(connection)[0] == 413


def test_a_client_that_ends_its_sending_side_has_hung_up(serve, tiny):
    with serve(tiny, workers=1, batch_pieces=1) as server, server.connect() as connection:
        connection.sendall(request({"q": [f"eins {number}" for number in range(300)], **PAIR}))
        wait_for(lambda: server.service.stats.waiting_texts)
        connection.shutdown(socket.SHUT_WR)
        assert server.read(connection) == (0, b"")
        wait_for(lambda: server.service.stats.dropped_texts)


def in_chunks(body, size):
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


@pytest.mark.parametrize(("size", "status"), [(1, 400), (10, 400), (70, 200), (5000, 200)])
def test_a_body_in_very_many_small_chunks_is_refused(serve, tiny, size, status):
    body = json.dumps({"q": ["1" * 9000] * 30, "source": "auto", "target": "en"}).encode()
    with serve(tiny) as server:
        try:
            found = server.send(in_chunks(body, size))[0]
        except ConnectionError:  # closed before all of it was sent
            found = 400
        assert found == status
        with server.connect() as connection:  # the next request is counted anew
            for _ in range(3):
                connection.sendall(in_chunks(b'{"q":"elf","source":"de","target":"en"}', 1))
                assert server.read(connection) == (200, b'{"translatedText":"eleven"}')


@pytest.mark.parametrize(("size", "status"), [(60_000, 200), (70_000, 400)])
def test_headers_may_be_long_but_not_endless(serve, tiny, size, status):
    with serve(tiny) as server, server.connect() as connection:
        connection.sendall(b"GET /languages HTTP/1.1\r\nHost: s2s\r\nX: ")
        for _ in range(size // 10_000):
            connection.sendall(b"x" * 10_000)
            time.sleep(0.02)  # each part is read by itself
        if status == 200:
            connection.sendall(b"\r\n\r\n")
            assert server.read(connection)[0] == 200
        else:
            with contextlib.suppress(ConnectionError):
                assert server.read(connection)[0] == 400


@pytest.mark.parametrize(
    ("limits", "most", "raised"),
    [
        ((1024, 4096), 2000, (2400, 4096)),
        ((1024, resource.RLIM_INFINITY), 2000, (2400, resource.RLIM_INFINITY)),
        ((8192, 8192), 2000, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 2000, None),
        ((256, 1024), 624, (1024, 1024)),
        ((64, 64), 1, (64, 64)),
    ],
)
def test_connections_have_files(monkeypatch, caplog, limits, most, raised):
    found = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, values: found.append(values))
    connections = Connections(stats=Stats())
    connections.allow_files()
    assert (connections.most, found) == (most, [raised] if raised else [])
    assert ("ulimit" in caplog.text) == (most < 2000)
