"""The command ``s2s serve`` in a process of its own: start, signals, errors."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import threading
import time

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("uvicorn")

from processes import start

from s2s.serve.body import Limits

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


class Running:
    """A server that has said that it serves."""

    def __init__(self, *args):
        self.process = start("serve", *args, "--port", 0, text=True, env=ENVIRONMENT)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"at http://(\S+):(\d+)", line):
                self.host, self.port = found[1].strip("[]"), int(found[2])
                break

    def post(self, q, **fields):
        """Sends a request; returns the connection."""
        body = json.dumps({"q": q, "source": "de", "target": "en", **fields}).encode()
        connection = socket.create_connection((self.host, self.port), timeout=30)
        head = f"POST /translate HTTP/1.1\r\nHost: s2s\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        return connection

    def stop(self, number):
        """Sends a signal; returns the exit code, and all that the server said."""
        self.process.send_signal(number)
        self.said += self.process.stderr.readlines()
        return self.process.wait(60), "".join(self.said)


def answer_of(connection):
    """Reads a response to its end."""
    data = b""
    while not data.endswith(b"}") and (more := connection.recv(100_000)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), json.loads(body or b"null")


def test_sigterm_finishes_what_was_accepted_and_takes_no_more(tiny):
    server = Running(tiny)
    assert answer_of(server.post("eins"))[1] == {"translatedText": "one"}
    texts = [f"eins zwei drei {number}" for number in range(400)]
    connections = [server.post(texts) for _ in range(3)]
    found = []
    readers = [
        threading.Thread(target=lambda each=each: found.append(answer_of(each)))
        for each in connections
    ]
    for reader in readers:
        reader.start()
    answer_of(server.post("zwei"))  # the long ones were accepted before this one
    code, said = server.stop(signal.SIGTERM)
    for reader in readers:
        reader.join()
    assert code == 0
    assert [status for status, _ in found] == ["HTTP/1.1 200 OK"] * 3
    assert all(len(body["translatedText"]) == 400 for _, body in found)
    with pytest.raises(OSError):
        server.post("eins")
    assert said.startswith(f"s2s: note: serving {tiny} (de-en) at http://127.0.0.1:{server.port}")
    assert "for this machine alone" in said
    assert "1202 texts were translated" in said
    assert len(said.splitlines()) == 2, said


def test_sigterm_answers_all_that_it_takes_and_says_that_connections_end(tiny):
    server = Running(tiny)
    told, answered = [], []

    def ask():
        body = json.dumps({"q": "eins zwei", "source": "de", "target": "en"}).encode()
        head = f"POST /translate HTTP/1.1\r\nHost: s2s\r\nContent-Length: {len(body)}\r\n\r\n"
        # A connection that is silent when the server ends is closed without a word.
        with (
            contextlib.suppress(OSError),
            socket.create_connection((server.host, server.port), timeout=60) as connection,
        ):
            while True:
                connection.sendall(head.encode() + body)
                data = b""
                while not data.endswith(b"}"):
                    data += (more := connection.recv(10_000))
                    if not more:
                        return
                answered.append(data)
                if b"connection: close" in data.lower():
                    told.append(data)
                    return

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    while len(answered) < 50:
        time.sleep(0.01)
    code, said = server.stop(signal.SIGTERM)
    for client in clients:
        client.join()
    assert code == 0
    assert told
    assert f"{len(answered)} texts were translated" in said


def test_a_signal_ends_it_orderly_at_any_time(tiny):
    for seconds in (0.9, 1.4):
        process = start("serve", tiny, "--port", 0, text=True, env=ENVIRONMENT)
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(60) in (0, 128 + signal.SIGTERM, -signal.SIGTERM), said
        assert "Traceback" not in said


def test_sigterm_while_the_models_are_loaded_is_no_failure(s2s, tiny, monkeypatch):
    from s2s.serve import server

    class Slow(server.Service):
        def __init__(self, *args, **options):
            os.kill(os.getpid(), signal.SIGTERM)
            super().__init__(*args, **options)

    monkeypatch.setattr(server, "Service", Slow)
    ended = s2s("serve", tiny, "--port", 0)
    assert ended.code == 0
    note = "s2s: note: SIGTERM came while the models were loaded: nothing was served\n"
    assert ended.err == note
    ended = s2s("serve", "nowhere.onnx", "--port", 0)
    assert ended.code == 2  # an error is still one


def test_the_limits_of_bytes_and_of_the_queue_are_options(tiny):
    server = Running(tiny, "--max-bytes", 4000, "--queue-pieces", 1, "--batch-pieces", 1)
    assert answer_of(server.post("eins"))[1] == {"translatedText": "one"}
    status, body = answer_of(server.post("x" * 4000))
    assert "413" in status
    assert body["error"].endswith("bytes; at most 4000 are allowed")
    connections = [server.post(["elf"] * 300) for _ in range(8)]
    assert {answer_of(each)[0].split()[1] for each in connections} == {"200", "429"}
    code, said = server.stop(signal.SIGTERM)
    assert code == 0
    assert "requests were refused, because too much waited" in said
    assert "--max-chars 10000 allows texts that do not fit into a body of --max-bytes 4000" in said


def test_ctrl_c_ends_it_orderly(tiny):
    code, said = Running(tiny).stop(signal.SIGINT)
    assert (code, "Traceback" in said) == (130, False)


def test_a_server_for_others_without_keys_is_warned_of(tiny, tmp_path):
    _, said = Running(tiny, "--host", "0.0.0.0").stop(signal.SIGTERM)  # noqa: S104
    assert "warning: every machine that reaches 0.0.0.0 can use this server (--api-key-file" in said
    keys = tmp_path / "keys"
    keys.write_text("# ours\n\n  one \n", encoding="utf-8")
    server = Running(tiny, "--host", "0.0.0.0", "--api-key-file", keys)  # noqa: S104
    assert answer_of(server.post("eins"))[1] == {"error": "Invalid API key"}
    assert answer_of(server.post("eins", api_key="one"))[1] == {"translatedText": "one"}
    _, said = server.stop(signal.SIGTERM)
    assert "warning" not in said


def test_wrong_options_are_one_line_each(s2s, tiny, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("# no key\n", encoding="utf-8")
    most = Limits().held_bytes  # a longer body would be refused while it is read
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cases = [
            ((tiny, "--port", port), f"cannot listen on 127.0.0.1 (--host), port {port} (--port):"),
            ((tiny, "--host", "no.such.host.example"), "cannot listen on no.such.host.example"),
            ((tiny, "--port", 70000), "70000 is not in the range"),
            ((tiny, tiny, "--port", 0), "both translate de-en; leave out one of them"),
            (("nowhere.onnx", "--port", 0), "nowhere.onnx does not exist"),
            ((tiny, "--port", 0, "--api-key-file", empty), "has no key; expected one a line"),
            ((tiny, "--port", 0, "--api-key-file", "nowhere"), "cannot read nowhere (--api-key"),
            ((tiny, "--port", 0, "--keep", "("), "which is not a regular expression"),
            ((tiny, "--port", 0, "--max-texts", 0), "0 is not in the range"),
            ((tiny, "--port", 0, "--batch-delay", -1), "-1.0 is not in the range"),
            ((tiny, "--port", 0, "--max-bytes", most + 1), f"'--max-bytes': {most + 1} is not in"),
            ((tiny, "--port", 0, "--queue-pieces", 0), "'--queue-pieces': 0 is not in the range"),
            ((), "Missing argument 'MODEL"),
        ]
        for args, error in cases:
            ended = s2s("serve", *args)
            assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err
            assert error in ended.err


def test_a_missing_package_is_named(s2s, tiny, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("s2s.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = s2s("serve", tiny, "--port", 0)
    assert ended.code == 2
    assert ended.err == "s2s: error: s2s serve needs uvicorn; install 's2s-onnx[serve]'\n"


def test_answers_do_not_wait_for_acknowledgements():
    from s2s.serve.server import listen

    async def option_of_a_connection(listener):
        found = asyncio.get_running_loop().create_future()

        def connected(_, writer):
            accepted = writer.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            option = await found
            writer.close()
        return option

    with listen("127.0.0.1", 0) as listener:
        assert asyncio.run(option_of_a_connection(listener))
