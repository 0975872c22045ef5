import random

import pytest

WORDS = ("sun", "moon", "star", "rain", "snow", "wind", "fire", "lake", "hill", "tree", "bird")


def make_pairs(count, seed):
    """Sentences of made-up order, translated by turning each word around."""
    draw = random.Random(seed)  # noqa: S311
    sources = [" ".join(draw.choices(WORDS, k=draw.randint(1, 6))) for _ in range(count)]
    return [(src, " ".join(word[::-1] for word in src.split())) for src in sources]


def write_pairs(folder, name, pairs):
    for side, language in enumerate(("xx", "yy")):
        text = "".join(pair[side] + "\n" for pair in pairs)
        (folder / f"{name}.{language}").write_text(text, encoding="utf-8")


@pytest.fixture
def corpus_folder(tmp_path):
    """A folder with train.xx, train.yy, val.xx and val.yy."""
    write_pairs(tmp_path, "train", make_pairs(300, 1))
    write_pairs(tmp_path, "val", make_pairs(30, 2))
    return tmp_path
