import random

import pytest

from s2s.config import TokenizerConfig
from s2s.corpus import CorpusConfig
from s2s.tokenizer.learn import train_tokenizer

WORDS = ("sun", "moon", "star", "rain", "snow", "wind", "fire", "lake", "hill", "tree", "bird")


def make_pairs(count, seed):
    """Sentences of made-up order, translated by turning each word around; all are different."""
    draw = random.Random(seed)  # noqa: S311
    sources = [" ".join(draw.choices(WORDS, k=draw.randint(1, 6))) for _ in range(count)]
    sources = [f"{src} {number}" for number, src in enumerate(sources)]
    return [(src, " ".join(word[::-1] for word in src.split())) for src in sources]


@pytest.fixture
def write(tmp_path):
    """Writes pairs to files; returns a corpus's settings."""

    def write(pairs, name="train", **settings):
        paths = []
        for side, language in enumerate(("xx", "yy")):
            path = tmp_path / f"{name}.{language}"
            path.write_text("".join(pair[side] + "\n" for pair in pairs), encoding="utf-8")
            paths.append(str(path))
        return CorpusConfig(src=paths[0], tgt=paths[1], **settings)

    return write


@pytest.fixture(scope="session")
def pairs():
    return make_pairs(3000, 1)


@pytest.fixture(scope="session")
def tokenizer(pairs):
    config = TokenizerConfig(vocab_size=120)
    return train_tokenizer(*zip(*pairs, strict=True), config, 1, ["<2de>", "<2fr>"])
