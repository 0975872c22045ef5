"""Which session a batch gets: one of its own core, or one that shares it out."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from weakref import WeakSet

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from s2s import Translator
from s2s.config import SearchConfig
from s2s.formats.model_file import read_model_file
from s2s.runtime.backend import SearchBatch, pad
from s2s.runtime.onnx_backend import OnnxBackend, session_options
from s2s.runtime.sessions import FIRST_SHARED, THREADS, Sessions


class FailedError(Exception):
    """What a runtime raises."""


def make_sessions(second=True, fails=False):
    """Sessions that are the number of their threads, and a list of those that were made."""
    made = []

    def make(threads):
        if fails and threads > 1:
            raise FailedError("no memory")
        made.append(threads)
        return threads

    return Sessions(make, (FailedError,), second=second), made


def use(sessions):
    with sessions.lend() as session:
        return session


def test_batches_that_come_one_by_one_are_shared_from_the_fourth_on():
    sessions, made = make_sessions()
    assert [use(sessions) for _ in range(FIRST_SHARED + 2)] == [1] * (FIRST_SHARED - 1) + [
        THREADS
    ] * 3
    assert made == [1, THREADS]


def test_a_batch_beside_another_keeps_to_its_core():
    sessions, made = make_sessions()
    with sessions.lend():
        assert [use(sessions) for _ in range(2 * FIRST_SHARED)] == [1] * 2 * FIRST_SHARED
    assert made == [1]
    while use(sessions) == 1:
        pass
    with sessions.lend() as session:
        assert session == THREADS
        assert use(sessions) == 1
    assert [use(sessions) for _ in range(FIRST_SHARED)] == [1] * (FIRST_SHARED - 1) + [THREADS]
    assert made == [1, THREADS, 1]


def test_calls_of_two_batches_keep_to_one_core_a_batch():
    sessions, made = make_sessions()
    for _ in range(2 * FIRST_SHARED):
        with sessions.lend() as first:
            assert (first, use(sessions)) == (1, 1)
    assert made == [1]
    assert [use(sessions) for _ in range(FIRST_SHARED)] == [1] * (FIRST_SHARED - 1) + [THREADS]
    with sessions.lend(), sessions.lend():
        pass
    with sessions.lend() as first:  # one of two again, as far as anybody knows
        assert first == 1


def test_one_session_serves_where_there_may_be_no_second_or_it_cannot_be_made():
    for changes, times in (({"second": False}, 1), ({"fails": True}, 2)):
        sessions, made = make_sessions(**changes)
        assert {use(sessions) for _ in range(2 * FIRST_SHARED)} == {1}
        assert made == [1] * times


def test_the_first_session_is_gone_before_the_second_is_made():
    class Session:
        pass

    alive, seen = WeakSet(), []

    def make(threads):
        seen.append((threads, len(alive)))
        session = Session()
        alive.add(session)
        return session

    sessions = Sessions(make, (), second=True)
    for _ in range(FIRST_SHARED):
        use(sessions)
    with sessions.lend():
        use(sessions)
    assert seen == [(1, 0), (THREADS, 0), (1, 1)]


def test_what_fails_in_a_batch_leaves_no_trace():
    sessions, _ = make_sessions()
    for _ in range(FIRST_SHARED):
        with pytest.raises(FailedError), sessions.lend():
            raise FailedError
    assert use(sessions) == THREADS


def test_threads_that_begin_together_make_one_second_session():
    sessions, made = make_sessions()
    barrier = Barrier(8)

    def serve(_):
        barrier.wait()
        return [use(sessions) for _ in range(200)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(serve, range(8)))
    assert {number for one in results for number in one} <= {1, THREADS}
    assert sorted(made) in ([1], [1, THREADS], [1, 1, THREADS])
    while use(sessions) == 1:
        pass
    assert made.count(THREADS) == 1


@pytest.mark.parametrize("beam_size", [1, 5])
def test_one_thread_and_two_find_the_same_bits(tiny, beam_size):
    file = read_model_file(tiny)
    sources = file.tokenizer.encode_src(["eins zwei drei", "acht", "elf zehn " * 20])
    config = SearchConfig(beam_size=beam_size)
    one, two = (OnnxBackend(file, "cpu", threads) for threads in (1, 2))
    for _ in range(FIRST_SHARED):
        for rows in (sources, *([source] for source in sources)):
            batch = SearchBatch(*pad([tuple(row) for row in rows]))
            found = [backend.search(batch, config, details=True) for backend in (one, two)]
            for values in zip(*found, strict=True):
                np.testing.assert_array_equal(*values)


def test_only_s2s_own_options_have_a_second_session(tiny, monkeypatch):
    made = []
    init = Sessions.__init__

    def spy(self, make, errors, *, second):
        made.append(second)
        init(self, make, errors, second=second)

    monkeypatch.setattr(Sessions, "__init__", spy)
    Translator(tiny, threads=2)
    Translator(tiny, threads=1)
    Translator(tiny, threads=2, session_options=session_options())
    Translator(tiny, threads=2, providers=["CPUExecutionProvider"])
    assert made == [True, False, False, True]
