"""What do required words do to translations? The oracle experiment of Post and Vilar (2018).

    python recipes/bench_required.py model.onnx --src test.en.gz --ref test.de.gz

Of each reference, words that the plain translation lacks are drawn at random and required of it
(theirs are of all words of the reference). How many translations hold their words, the BLEU without
and with them, and the time of the call that requires them beside that of the plain one.
"""

import argparse
import logging
import random
import re
import time
from pathlib import Path

from s2s import Translator
from s2s.errors import ConfigError
from s2s.score import score
from s2s.text import read_pairs
from s2s.translate.phrases import read_phrase
from s2s.translate.required.gaps import find


def lacking(translator: Translator, text: str, reference: str) -> list[str]:
    """Returns the words of a reference that a translation lacks and the vocabulary can write."""
    words = []
    for word in dict.fromkeys(re.findall(r"\w+", reference)):
        try:
            phrase = read_phrase(word, translator.tokenizer, ())
        except ConfigError:
            continue
        if not find(text, phrase.text):
            words.append(word)
    return words


def main() -> None:
    """Translates twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("model")
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--ref", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--words", type=int, default=1, help="most required words")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s")
    pairs = list(read_pairs(options.src, options.ref))[: options.sentences]
    texts, references = [src for src, _ in pairs], [ref for _, ref in pairs]
    translator = Translator(options.model, threads=options.threads)
    translator.translate(texts[:32], beam_size=options.beam_size)  # not counted
    start = time.perf_counter()
    plain = [each.text for each in translator.translate(texts, beam_size=options.beam_size)]
    plain_seconds = time.perf_counter() - start
    rng = random.Random(options.seed)  # noqa: S311
    required = []
    for text, reference in zip(plain, references, strict=True):
        words = lacking(translator, text, reference)
        required.append(rng.sample(words, min(options.words, len(words))))
    start = time.perf_counter()
    found = translator.translate(texts, beam_size=options.beam_size, required=required)
    seconds = time.perf_counter() - start
    held = [
        all(find(each.text, word) for word in words)
        for each, words in zip(found, required, strict=True)
        if words
    ]
    print(f"{sum(held)} of {len(held)} translations contain their required words")
    for name, outputs in (("without", plain), ("with", [each.text for each in found])):
        (bleu,) = score(outputs, references, bleu_only=True)
        print(f"{name:8}BLEU {bleu.value:.2f}  {bleu.signature}")
    print(f"time     {seconds / plain_seconds:.1f} times ({plain_seconds:.2f} s, {seconds:.2f} s)")


if __name__ == "__main__":
    main()
