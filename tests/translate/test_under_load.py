"""One translator, eight threads, thousands of mixed requests: every answer right, memory flat."""

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.errors import S2SError

NUMBERS = [
    "eins",
    "zwei",
    "drei",
    "vier",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
]
THREADS = 8
OPTIONS: list[dict[str, Any]] = [
    {},
    {"beam_size": 1},
    {"beam_size": 5, "n_best": 3},
    {"details": True},
    {"prefix": "two"},
    {"required": ["nine"]},
    {"keep": [r"\{\w+\}"]},
    {"banned": ["▁ten"], "no_repeat": 2},
    {"temperature": 1.0, "top_k": 4, "seed": 3},
    {"max_src_length": 5},
    {"min_length": 4, "max_length": 9},
    {"batch_tokens": 16},
]
WRONG: list[dict[str, Any]] = [
    {"beam_size": 0},
    {"n_best": 9},
    {"max_src_length": 2, "too_long": "error"},
    {"banned": ["no such piece"]},
    {"keep": ["("]},
]


class Asked(NamedTuple):
    """A request."""

    texts: tuple[str, ...]
    options: dict[str, Any]


def make_requests(count, seed):
    """Makes requests of 0 to 6 sentences of 0 to 12 words; a tenth of them are refused."""
    rng = random.Random(seed)  # noqa: S311
    asked = []
    for _ in range(count):
        texts = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 6))):
            words = rng.choices([*NUMBERS, "{n}", "Ω"], k=rng.randrange(13))
            texts.append(" ".join(words))
        options = rng.choice(WRONG if rng.random() < 0.1 else OPTIONS)
        asked.append(Asked(tuple(texts), options))
    return asked


def answer(translator, asked):
    """Returns what comes of a request: translations, or the error's text."""
    try:
        return translator.translate(list(asked.texts), **asked.options)
    except S2SError as error:
        return str(error)


def resident_kib():
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def work_off(tiny, count, distinct):
    """Lets eight threads ask; returns refused, given up, seconds of the slowest, memory curve."""
    kinds = make_requests(distinct, seed=1)
    with Translator(tiny, threads=1) as alone:
        expected = [answer(alone, asked) for asked in kinds]
    order = random.Random(2).choices(range(distinct), k=count)  # noqa: S311
    memory, slowest, turns = [], [0.0] * THREADS, [0] * THREADS
    lock, left = threading.Lock(), iter(order)

    with Translator(tiny, threads=2) as translator, ThreadPoolExecutor(THREADS) as pool:

        def serve(number):
            refused = given_up = 0
            while True:
                with lock:
                    which = next(left, None)
                if which is None:
                    return refused, given_up
                began = time.monotonic()
                if turns[number] % 50 == 49:  # one who reads the first sentence and goes away
                    stream = translator.translate_stream(iter(NUMBERS), 1)
                    next(stream)
                    stream.close()
                    given_up += 1
                result = answer(translator, kinds[which])
                assert result == expected[which], kinds[which]
                refused += isinstance(result, str)
                turns[number] += 1
                slowest[number] = max(slowest[number], time.monotonic() - began)
                if number == 0 and turns[0] % max(1, count // THREADS // 10) == 0:
                    memory.append(resident_kib())

        counts = list(pool.map(serve, range(THREADS)))
    assert sum(turns) == count
    return [sum(numbers) for numbers in zip(*counts, strict=True)], slowest, turns, memory


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("count", "distinct"), [(400, 60), pytest.param(20_000, 500, marks=pytest.mark.slow)]
)
def test_requests_of_eight_threads_have_the_answers_that_one_has(
    tiny, count, distinct, capsys, caplog
):
    caplog.set_level("ERROR")  # splits and insertions are told each time
    began = time.monotonic()
    (refused, given_up), slowest, turns, memory = work_off(tiny, count, distinct)
    seconds = time.monotonic() - began
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{count} requests of {THREADS} threads in {seconds:.1f} s: {refused} refused, "
            f"{given_up} given up; slowest {max(slowest):.2f} s, of one thread "
            f"{min(turns)} to {max(turns)}; MiB {[kib // 1024 for kib in memory]}"
        )
    assert refused > 0
    assert min(turns) > count / THREADS / 4  # nobody starves
    # Warm after a third: threads and onnxruntime's arena have grown by then.
    warm = memory[len(memory) // 3]
    assert max(memory[len(memory) // 3 :]) < warm + 8 * 1024


def test_a_file_that_is_replaced_stays_loaded_as_it_was(tiny, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny.read_bytes())
    with Translator(path) as before:
        broken = tmp_path / "new"
        broken.write_bytes(b"something else")
        broken.replace(path)
        assert before.translate(["eins zwei"])[0].text == "one two"
        path.unlink()
        assert before.translate(["drei"])[0].text == "three"


def test_two_processes_translate_with_one_file(tiny):
    script = (
        "import sys; from s2s import Translator; t = Translator(sys.argv[1]);"
        "print([t.translate(['eins zwei'])[0].text for _ in range(20)])"
    )
    command = [sys.executable, "-c", script, str(tiny)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]  # noqa: S603
    outputs = [process.communicate(timeout=120)[0].decode().strip() for process in running]
    assert outputs == [str(["one two"] * 20)] * 2
