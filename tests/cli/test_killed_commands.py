"""Output files of commands that are killed at any moment: the old one or the whole new one."""

import random

import pytest
from killing import kill_repeatedly

pytest.importorskip("onnxruntime")
pytest.importorskip("sacrebleu")

NEEDED = ("s2s.translate.translator", "s2s.score", "onnxruntime", "sentencepiece", "sacrebleu")


@pytest.fixture
def commands(tiny, tmp_path):
    """Commands that write a file, two of each, with another result."""
    draw = random.Random(1)  # noqa: S311
    words = ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben"]
    src, ref = tmp_path / "src", tmp_path / "ref"
    src.write_text("".join(" ".join(draw.choices(words, k=6)) + "\n" for _ in range(400)))
    ref.write_text("one two three four\nfive six seven eight\n" * 200)
    out = tmp_path / "folder" / "out"
    out.parent.mkdir()
    test_set = ("--src", src, "--ref", ref)
    both = {
        "translate": ("translate", tiny, src, "-o", out, "--beam-size"),
        "evaluate": ("evaluate", tiny, *test_set, "-o", out, "--beam-size"),
        "plot": ("evaluate", tiny, *test_set, "--plot", out, "--beam-size"),
    }
    pairs = {name: [(*command, "1"), (*command, "3")] for name, command in both.items()}
    score = ("score", tiny, "--src", src, "--tgt", ref, "-o", out)
    pairs["score"] = [score, (*score, "--json")]
    return pairs, out


def check(commands, name, kills):
    pairs, out = commands
    counts = kill_repeatedly(pairs[name], out, kills, modules=NEEDED)
    print(name, counts)  # noqa: T201
    assert counts["as before"] + counts["new"] == kills
    assert counts["new"] >= kills // 4, "it was killed too early to see anything"
    left = {path.name for path in out.parent.iterdir()} - {out.name}
    # Of translate, what the next run begins anew with, or goes on with if it is told --resume.
    assert left <= ({"out.partial", "out.partial.json"} if name == "translate" else set())


@pytest.mark.parametrize("name", ["translate", "score"])
def test_a_killed_command_leaves_the_old_file_or_the_whole_new_one(commands, name):
    check(commands, name, kills=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["translate", "evaluate", "plot", "score"])
def test_sixty_kills_of_each_command_leave_whole_files(commands, name):
    check(commands, name, kills=60)
