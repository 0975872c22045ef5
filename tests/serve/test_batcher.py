"""The queue: who comes with whom, in which order, and what becomes of failures."""

import asyncio
import threading
import time

import pytest

from s2s.serve.batcher import LEAST_PIECES, MOST_TEXTS, TURNS, Batcher
from s2s.serve.errors import Busy, Failed
from s2s.serve.stats import Stats


class Translators:
    """Turns texts into capitals, and notes each batch. It waits until it is let go."""

    def __init__(self, *, free=True):
        self.batches = []
        self.may_go = threading.Event()
        if free:
            self.may_go.set()

    def __call__(self, texts):
        self.batches.append(list(texts))
        assert self.may_go.wait(20)
        if "bad" in texts:
            raise ValueError(texts)
        return [text.upper() for text in texts]


def play(scene, **options):
    """Runs a coroutine with a batcher of one worker."""

    async def run():
        batcher = Batcher(Stats(), **{"workers": 1, **options})
        try:
            return await scene(batcher)
        finally:
            batcher.close()

    return asyncio.run(run())


async def until(condition):
    """Waits for something that is about to happen."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


async def requests(batcher, translators, *several):
    """Starts requests in order, the first of which occupies the worker; then lets all go."""
    tasks = []
    for number, (texts, lengths) in enumerate(several):
        tasks.append(
            asyncio.create_task(batcher.translate(texts, lengths, translators, translators))
        )
        if number == 0:
            await until(lambda: translators.batches)
        else:
            await asyncio.sleep(0)
    translators.may_go.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_a_lone_request_is_taken_at_once():
    translators = Translators()
    assert play(lambda batcher: batcher.translate(["a"], [1], translators, 0)) == ["A"]
    assert translators.batches == [["a"]]


def test_texts_that_wait_are_translated_together_and_answers_go_to_their_requests():
    translators = Translators(free=False)
    several = [(["first"], [1]), (["a", "b"], [3, 3]), (["c"], [3])]
    found = play(lambda batcher: requests(batcher, translators, *several))
    assert found == [["FIRST"], ["A", "B"], ["C"]]
    assert translators.batches == [["first"], ["a", "c", "b"]]


def test_a_batch_has_the_texts_that_are_nearest_in_length_to_the_one_that_waits_longest():
    translators = Translators(free=False)
    several = [(["first"], [1]), *(([str(length)], [length]) for length in (10, 50, 11, 49, 12))]
    play(lambda batcher: requests(batcher, translators, *several), batch_pieces=36)
    assert translators.batches == [["first"], ["10", "11", "12"], ["50"], ["49"]]


def test_a_batch_has_a_bounded_number_of_texts():
    translators = Translators(free=False)
    several = [(["first"], [1]), (["a"] * 150, [1] * 150)]
    play(lambda batcher: requests(batcher, translators, *several), batch_pieces=10_000)
    assert list(map(len, translators.batches)) == [1, MOST_TEXTS, MOST_TEXTS, 150 - 2 * MOST_TEXTS]


def test_workers_that_have_nothing_to_do_share_what_waits():
    translators = Translators()
    texts, lengths = ["a"] * 8, [LEAST_PIECES // 2] * 8
    play(lambda batcher: batcher.translate(texts, lengths, translators, 0), workers=2)
    assert sorted(map(len, translators.batches)) == [4, 4]


def test_texts_of_different_kinds_are_not_translated_together():
    one, other = Translators(free=False), Translators()

    async def scene(batcher):
        tasks = [asyncio.create_task(batcher.translate(["first"], [1], one, one))]
        await until(lambda: one.batches)
        for translators in (one, other, one):
            request = batcher.translate(["a"], [1], translators, translators)
            tasks.append(asyncio.create_task(request))
            await asyncio.sleep(0)
        one.may_go.set()
        await asyncio.gather(*tasks)

    play(scene)
    assert (one.batches, other.batches) == ([["first"], ["a", "a"]], [["a"]])


def test_a_short_request_does_not_wait_for_a_long_one():
    translators = Translators(free=False)
    several = [(["first"], [1]), (["long"] * 1000, [10] * 1000), (["short"], [10])]
    play(lambda batcher: requests(batcher, translators, *several), batch_pieces=100)
    assert "short" in translators.batches[1] or "short" in translators.batches[2]


def test_a_long_request_gets_its_share_however_many_short_ones_come():
    translators = Translators(free=False)

    async def scene(batcher):
        async def short():
            while not long.done():
                await batcher.translate(["short"], [10], translators, 0)

        first = asyncio.create_task(batcher.translate(["first"], [1], translators, 0))
        await until(lambda: translators.batches)
        long = asyncio.create_task(batcher.translate(["long"] * 20, [10] * 20, translators, 0))
        await asyncio.sleep(0)
        translators.may_go.set()
        await asyncio.gather(first, long, *(short() for _ in range(30)))

    play(scene, batch_pieces=10)
    numbers = [number for number, batch in enumerate(translators.batches) if batch == ["long"]]
    # Each of its texts counts TURNS times, and 30 short ones are waiting at most.
    assert numbers[-1] <= 20 * TURNS + 60


def test_a_full_queue_refuses_at_once():
    translators = Translators(free=False)

    async def scene(batcher):
        tasks = []
        for _ in range(2):
            request = batcher.translate(["a"], [5], translators, 0)
            tasks.append(asyncio.create_task(request))
            await until(lambda: translators.batches)
            await asyncio.sleep(0)
        with pytest.raises(Busy):
            await batcher.translate(["b"], [5], translators, 0)
        translators.may_go.set()
        return await asyncio.gather(*tasks)

    assert play(scene, queue_pieces=5) == [["A"], ["A"]]


def test_a_request_that_is_cancelled_is_not_translated():
    translators, stats = Translators(free=False), Stats()

    async def scene(batcher):
        batcher._stats = stats
        first = asyncio.create_task(batcher.translate(["first"], [1], translators, 0))
        await until(lambda: translators.batches)
        gone = asyncio.create_task(batcher.translate(["gone"] * 3, [1] * 3, translators, 0))
        await until(lambda: stats.waiting_texts == 3)
        gone.cancel()
        await until(gone.done)
        translators.may_go.set()
        await first
        await batcher.translate(["next"], [1], translators, 0)

    play(scene)
    assert translators.batches == [["first"], ["next"]]
    assert (stats.dropped_texts, stats.waiting_texts, stats.waiting_pieces) == (3, 0, 0)


def test_a_text_that_cannot_be_translated_harms_no_other_request(caplog):
    translators = Translators(free=False)
    several = [(["first"], [1]), (["a", "bad", "b"], [1, 1, 1]), (["c"], [1])]
    found = play(lambda batcher: requests(batcher, translators, *several))
    assert (found[0], found[2]) == (["FIRST"], ["C"])
    assert isinstance(found[1], Failed)
    assert "ValueError" in caplog.text
    assert "bad" not in caplog.text


def test_a_server_with_nothing_to_do_waits_for_more_texts_if_it_is_told_to():
    translators = Translators()

    async def scene(batcher):
        first = asyncio.create_task(batcher.translate(["a"], [1], translators, 0))
        await asyncio.sleep(0.005)
        await batcher.translate(["b"], [1], translators, 0)
        await first

    play(scene, delay=0.2)
    assert translators.batches == [["a", "b"]]


def test_what_has_waited_for_a_batch_is_not_delayed_again():
    translators = Translators(free=False)

    async def scene(batcher):
        first = asyncio.create_task(batcher.translate(["a"], [1], translators, 0))
        await until(lambda: translators.batches)
        second = asyncio.create_task(batcher.translate(["b"], [1], translators, 0))
        await asyncio.sleep(0)
        start = time.monotonic()
        translators.may_go.set()
        await asyncio.gather(first, second)
        return time.monotonic() - start

    assert play(scene, delay=1.0) < 0.7
