"""Under load, each answer has the bits of a call for its text alone."""

import asyncio
import json
import random

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("uvicorn")

from number_words import GERMAN

from s2s import Translator
from s2s.serve.placeholders import PLACEHOLDERS
from s2s.serve.service import Service


def texts(count, seed):
    """Makes texts of all lengths: blank, with placeholders, of many sentences."""
    draw = random.Random(seed)  # noqa: S311
    made = []
    for number in range(count):
        words = [draw.choice(GERMAN) for _ in range(draw.choice((0, 1, 2, 5, 9, 40)))]
        if number % 7 == 0:
            words.insert(draw.randrange(len(words) + 1), draw.choice(("[X5X]", "{n}", "%s")))
        made.append(draw.choice((" ", " ", " ", ". ", "\n")).join(words))
    return made


async def connection(port, requests, answers):
    """Sends requests over one connection, which stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, fields in requests:
        body = json.dumps({"source": "de", "target": "en", **fields}).encode()
        writer.write(
            b"POST /translate HTTP/1.1\r\nHost: s2s\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        answers[number] = json.loads(await reader.readexactly(length))
    writer.close()


def ask(port, requests, connections):
    """Sends requests over several connections at once; returns the answers in order."""

    async def run():
        answers, left = {}, iter(enumerate(requests))
        await asyncio.gather(*(connection(port, left, answers) for _ in range(connections)))
        return [answers[number] for number in range(len(requests))]

    return asyncio.run(run())


def expected(translator, fields):
    """What calls for each text alone give."""
    n_best = 1 + fields.get("alternatives", 0)
    options = {"keep": PLACEHOLDERS, "n_best": n_best}
    options["beam_size"] = max(n_best, translator.search.beam_size)
    q = fields["q"]
    found = [
        translator.translate([text], **options)[0] for text in ([q] if isinstance(q, str) else q)
    ]
    result = {"translatedText": [each.text for each in found]}
    if n_best > 1:
        result["alternatives"] = [
            list(
                dict.fromkeys(
                    other.text
                    for other in each.hypotheses[1:]
                    if other.text.strip() and other.text != each.text
                )
            )
            for each in found
        ]
    return {name: values[0] for name, values in result.items()} if isinstance(q, str) else result


def compare(serve, tiny, count, connections):
    """Compares the answers to many requests with single calls."""
    requests = []
    for number, text in enumerate(texts(count, seed=1)):
        fields = {"q": text or "eins"}
        if number % 10 == 0:
            fields["q"] = texts(1 + number % 12, seed=number) or ["eins"]
        if number % 9 == 0:
            fields["alternatives"] = 2
        requests.append(fields)
    with serve(tiny) as server:
        answers = ask(server.port, requests, connections)
        sizes = server.service.stats.batch_sizes
    known = {}
    with Translator(tiny, threads=1) as translator:
        for number, (fields, answer) in enumerate(zip(requests, answers, strict=True)):
            key = json.dumps(fields)
            if key not in known:
                known[key] = expected(translator, fields)
            assert answer == known[key], number
    return sizes


def test_answers_under_load_have_the_bits_of_single_calls(serve, tiny):
    sizes = compare(serve, tiny, 150, 16)
    assert sum(sizes.counts[1:]) > 10  # texts were translated together


def test_scores_are_the_same_too(tiny, translator):
    several = texts(60, seed=2)

    async def run():
        async with Service([str(tiny)], batch_pieces=200) as service:
            model = service.find("de", "en")
            calls = [service.translate(model, [text]) for text in several]
            return await asyncio.gather(*calls)

    for text, (answer,) in zip(several, asyncio.run(run()), strict=True):
        alone = translator.translate([text], keep=PLACEHOLDERS)[0]
        assert (answer.text, answer.score) == (alone.text, alone.score)


@pytest.mark.slow
def test_twenty_thousand_answers_over_64_connections_have_the_bits_of_single_calls(serve, tiny):
    compare(serve, tiny, 20_000, 64)
