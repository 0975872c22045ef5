"""Parallel text that can be learned: made-up sentences, each word of which is turned around."""

import random

WORDS = ("sun", "moon", "star", "rain", "snow", "wind", "fire", "lake", "hill", "tree", "bird")


def make_sources(count, seed):
    """Returns sentences of one to six words."""
    draw = random.Random(seed)  # noqa: S311
    return [" ".join(draw.choices(WORDS, k=draw.randint(1, 6))) for _ in range(count)]


def translate(source):
    """Turns each word around."""
    return " ".join(word[::-1] for word in source.split())


def write_pairs(folder, name, pairs):
    """Writes ``name.xx`` and ``name.yy``; returns their paths as text."""
    paths = []
    for side, language in enumerate(("xx", "yy")):
        path = folder / f"{name}.{language}"
        path.write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
        paths.append(str(path))
    return paths
