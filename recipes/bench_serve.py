"""How many requests ``s2s serve`` answers, how soon, and in how much memory.

    python recipes/bench_serve.py --model MODEL --text SENTENCES [--requests 2000]
    python recipes/bench_serve.py --model MODEL --text SENTENCES --libretranslate PYTHON --argos DIR

Starts a server with batches and one without (each batch is one text), and sends each of them the
same sentences, one a request, from 1, 8 and 64 connections that stay open. The ratios compare the
two servers. The client runs on the same machine and takes its share of the cores. "CPU" is the time
of all cores that the server took for a request, which other programs hardly change. Memory is what
the process of a server holds before the first request and after the last one.

With ``--libretranslate``, LibreTranslate answers the same requests with a model of CTranslate2 for
the same languages, once with its defaults (all cores work at one translation) and once with a core
for each translation, as s2s does. Its beam is 4 unless told otherwise; here it is 5, as in most
files of s2s. No server keeps translations: LibreTranslate knows the last one only, and neighbours
differ. ``recipes/rivals/README.md`` says how to make its environment and DIR.
"""

import argparse
import asyncio
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from s2s.machine import available_cores
from s2s.text import read_lines

WARM_UP = 200
"""Requests before each measurement."""
START = 120
"""Seconds that LibreTranslate may take to start."""
RUN_LIBRETRANSLATE = Path(__file__).parent / "rivals" / "run_libretranslate.py"


class Served(NamedTuple):
    """A running server."""

    port: int
    process: "subprocess.Popen[str]"
    source: str
    target: str

    @property
    def megabytes(self) -> float:
        """Memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) / 1024

    @property
    def cpu_seconds(self) -> float:
        """Time of all cores that the process has taken."""
        status = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = status.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Outcome(NamedTuple):
    """Requests of one number of connections."""

    seconds: float
    cpu_seconds: float
    """Time of all cores that the server took."""
    waits: list[float]
    """Seconds of each request, sorted."""
    words: float
    """Words of a translation, on average."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.waits) / self.seconds

    def milliseconds(self, share: float) -> float:
        """Returns what this share of the requests took at most."""
        return 1000 * self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


@contextmanager
def serving(model: Path, *options: str) -> Iterator[Served]:
    """Starts a server on a free port."""
    command = [sys.executable, "-m", "s2s", "serve", str(model), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stderr is not None
            line = ""
            while " at http://" not in line:
                line = process.stderr.readline()
                if not line:
                    raise SystemExit("the server did not start")
            found = re.search(r"\((\S+?)-(\S+?)[ )].* at http://\S+?:(\d+)", line)
            assert found is not None, line
            yield Served(int(found[3]), process, found[1], found[2])
        finally:
            process.terminate()


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving_libretranslate(
    options: argparse.Namespace, settings: Mapping[str, str]
) -> Iterator[Served]:
    """Starts LibreTranslate on a free port and waits until it answers."""
    port = free_port()
    command = [options.libretranslate, str(RUN_LIBRETRANSLATE), "--port", str(port)]
    environment = {
        **os.environ,
        **settings,
        "XDG_DATA_HOME": str(options.argos),
        "ARGOS_BEAM_SIZE": str(options.beam_size),
    }
    environment.pop("OMP_NUM_THREADS", None)  # CTranslate2 would heed it, and s2s does not
    (package,) = (options.argos / "argos-translate" / "packages").glob("*/metadata.json")
    about = json.loads(package.read_text(encoding="utf-8"))
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stdout=quiet, stderr=quiet, text=True
    ) as process:
        try:
            end = time.monotonic() + START
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > end:
                        raise SystemExit("LibreTranslate did not start") from None
                    time.sleep(0.5)
            yield Served(port, process, about["from_code"], about["to_code"])
        finally:
            process.terminate()


async def connection(
    port: int, requests: Iterator[bytes], waits: list[float], answers: list[bytes]
) -> None:
    """Sends requests one after the other, until none is left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        assert head.startswith(b"HTTP/1.1 200") and length is not None, head
        answers.append(await reader.readexactly(int(length[1])))
        waits.append(time.perf_counter() - start)
    writer.close()


async def ask(served: Served, requests: Sequence[bytes], connections: int) -> Outcome:
    """Sends requests from several connections at once."""
    waits: list[float] = []
    answers: list[bytes] = []
    left = iter(requests)
    start, cpu_start = time.perf_counter(), served.cpu_seconds
    await asyncio.gather(
        *(connection(served.port, left, waits, answers) for _ in range(connections))
    )
    seconds, cpu_seconds = time.perf_counter() - start, served.cpu_seconds - cpu_start
    words = sum(len(json.loads(answer)["translatedText"].split()) for answer in answers)
    return Outcome(seconds, cpu_seconds, sorted(waits), words / len(answers))


def to_request(text: str, served: Served) -> bytes:
    """Returns a request of LibreTranslate's API."""
    body = json.dumps({"q": text, "source": served.source, "target": served.target}).encode()
    head = ["POST /translate HTTP/1.1", "Host: s2s", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def measure(
    served: Served, texts: Sequence[str], count: int, connections: Sequence[int]
) -> list[Outcome]:
    """Measures a server with each number of connections."""
    requests = [
        to_request(text, served) for text in itertools.islice(itertools.cycle(texts), count)
    ]
    asyncio.run(ask(served, requests[:WARM_UP], max(connections)))
    return [asyncio.run(ask(served, requests, number)) for number in connections]


def to_table(best: Mapping[str, Sequence[Outcome]], options: argparse.Namespace) -> Table:
    """Returns a row for each server and number of connections."""
    table = Table(title=f"{options.requests:,} requests, the best of {options.rounds} round(s)")
    for column in (
        "connections",
        "server",
        "requests/s",
        "ratio",
        "median, ms",
        "99 %, ms",
        "CPU, ms",
    ):
        table.add_column(column, justify="right")
    for number, connections in enumerate(options.connections):
        base = best["one by one"][number].rate
        for name, outcomes in best.items():
            each = outcomes[number]
            table.add_row(
                str(connections),
                name,
                f"{each.rate:,.0f}",
                f"{each.rate / base:.2f}",
                f"{each.milliseconds(0.5):,.1f}",
                f"{each.milliseconds(0.99):,.1f}",
                f"{1000 * each.cpu_seconds / len(each.waits):.1f}",
            )
        table.add_section()
    return table


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True, help="file with one sentence per line")
    parser.add_argument("--requests", type=int, default=2000, help="for each figure")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=1, help="the servers take turns")
    parser.add_argument("--libretranslate", help="Python with LibreTranslate")
    parser.add_argument("--argos", type=Path, help="folder that make_argos.py has written")
    parser.add_argument("--beam-size", type=int, default=5, help="of LibreTranslate")
    options = parser.parse_args()
    texts = [text for text in read_lines(options.text) if text.strip()]
    servers: dict[str, Callable[[], AbstractContextManager[Served]]] = {
        "one by one": partial(serving, options.model, "--batch-pieces", "1"),
        "batches": partial(serving, options.model),
    }
    if options.libretranslate:
        alone = {"ARGOS_INTER_THREADS": str(available_cores()), "ARGOS_INTRA_THREADS": "1"}
        servers |= {
            "LibreTranslate": partial(serving_libretranslate, options, {}),
            "LibreTranslate, a core each": partial(serving_libretranslate, options, alone),
        }
    best: dict[str, list[Outcome]] = {}
    notes, pairs = [], set()
    for name in [*servers] * options.rounds:
        with servers[name]() as served:
            pairs.add((served.source, served.target))
            if len(pairs) > 1:
                raise SystemExit(f"the servers translate different pairs: {sorted(pairs)}")
            before = served.megabytes
            found = measure(served, texts, options.requests, options.connections)
            sent = min(WARM_UP, options.requests) + options.requests * len(options.connections)
            notes.append(
                f"{name}: {before:.0f} MB, after {sent:,} requests {served.megabytes:.0f}; "
                f"{found[0].words:.1f} words a translation"
            )
        earlier = best.get(name, found)
        best[name] = [
            max(pair, key=lambda each: each.rate) for pair in zip(earlier, found, strict=True)
        ]
    console = Console(highlight=False, soft_wrap=True, width=100)
    console.print(to_table(best, options))
    console.print("\n".join(notes))


if __name__ == "__main__":
    main()
