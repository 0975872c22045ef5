import io
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from s2s.config import TokenizerConfig
from s2s.corpus import chunks as chunks_module
from s2s.corpus import pairs as pairs_module
from s2s.corpus import shard_writer as writer_module
from s2s.corpus import shards as shards_module
from s2s.corpus.chunks import make_samplers
from s2s.corpus.pairs import read_corpus
from s2s.corpus.sentences import ids_dtype
from s2s.corpus.shards import META_FILE, open_shards
from s2s.errors import ConfigError, DataError, FileError
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.learn import train_tokenizer

LIMITS = {"max_pieces": 60, "max_ratio": 4.0}


@pytest.fixture
def reports():
    return []


@pytest.fixture
def open_it(tmp_path, tokenizer, reports):
    """Opens a corpus; what is reported goes to ``reports``."""

    def open_it(config, tokenizer=tokenizer, *, keep_text=False, **limits):
        return open_shards(
            config,
            tokenizer,
            tmp_path / "cache",
            **{**LIMITS, **limits},
            keep_text=keep_text,
            report=reports.append,
            workers=1,
        )

    return open_it


def same(side, other):
    return np.array_equal(side.ids, other.ids) and np.array_equal(side.offsets, other.offsets)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[9] ^= 1
    path.write_bytes(content)


def _change(path, key, value):
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))


def _to_file(folder):
    shutil.rmtree(folder)
    folder.write_text("a file")


def test_a_corpus_on_disk_is_that_in_memory(write, pairs, tokenizer, open_it):
    config = write([*pairs, ("", "x"), ("sun " * 61, "y")], tag="<2fr>")
    whole = read_corpus(config, tokenizer, **LIMITS)
    shards = open_it(config)
    assert shards.counts == whole.counts
    assert len(shards) == len(pairs)
    for start, stop in ((0, len(pairs)), (17, 1800), (2999, 3000)):
        rows = np.arange(start, stop)
        src, tgt = shards.read(start, stop)
        assert same(src, whole.src.take(rows))
        assert same(tgt, whole.tgt.take(rows))


def test_the_text_of_kept_pairs_is_kept_with_its_tag(write, open_it):
    config = write([("sun  moon", "x"), ("", "y"), ("\u00c4", "z")], tag="<2de>")
    shards = open_it(config, keep_text=True)
    src, tgt = shards.read_text(0, 2)
    assert src.ids.tobytes().decode() == "<2de> sun moon\n<2de> \u00c4\n"
    assert tgt.ids.tobytes().decode() == "x\nz\n"
    assert shards.has_text
    assert not open_it(config).has_text


def test_a_corpus_is_tokenised_once(write, pairs, open_it, reports, monkeypatch):
    config = write(pairs[:100])
    first = open_it(config)
    monkeypatch.setattr(pairs_module, "read_pairs", None)  # the text is not read as text again
    again = open_it(config)
    assert again == first
    assert same(again.read(0, 100)[0], first.read(0, 100)[0])
    assert [line.partition(": ")[2].partition(" in ")[0] for line in reports] == [
        "tokenising",
        "using the tokenised text",
    ]


def test_how_far_tokenising_is_is_told(write, pairs, open_it, reports, monkeypatch):
    monkeypatch.setattr(shards_module, "REPORT_SECONDS", 0.0)
    open_it(write(pairs))
    assert reports[-1].endswith("3,000 pairs tokenised so far")


def test_the_key_holds_all_that_the_ids_depend_on(write, pairs, tokenizer, open_it):
    config = write(pairs[:100])
    other_tokenizer = train_tokenizer(
        *zip(*pairs, strict=True), TokenizerConfig(vocab_size=90), 1, ["<2de>", "<2fr>"]
    )
    keys = [
        open_it(config).key,
        open_it(replace(config, tag="<2de>")).key,
        open_it(replace(config, tag="<2fr>")).key,
        open_it(config, max_pieces=61).key,
        open_it(config, max_ratio=5.0).key,
        open_it(config, keep_text=True).key,
        open_it(config, other_tokenizer).key,
        open_it(write([*pairs[:99], ("changed", pairs[99][1])])).key,
        open_it(write([*pairs[:99], (pairs[99][0], "changed")])).key,
    ]
    assert len(set(keys)) == len(keys)
    assert open_it(replace(write(pairs[:100]), weight=2.0)).key == keys[0]


def test_the_same_text_at_another_place_is_found(write, pairs, open_it):
    assert open_it(write(pairs[:100], "here")) == open_it(write(pairs[:100], "there"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "src.ids").write_bytes(b"12"), "src.ids has 2 bytes instead of"),
        (lambda folder: (folder / "tgt.offsets").unlink(), "tgt.offsets: No such file"),
        (lambda folder: _flip(folder / "tgt.ids"), "tgt.ids has a wrong checksum"),
        (lambda folder: (folder / META_FILE).write_text("{"), "meta.json cannot be read"),
        (lambda folder: (folder / META_FILE).write_text("[]"), "meta.json cannot be read"),
        (lambda folder: (folder / META_FILE).unlink(), "meta.json: No such file"),
        (lambda folder: _change(folder / META_FILE, "format", 0), "belongs to another corpus"),
        (
            lambda folder: _change(folder / META_FILE, "counts", {"kept": 90}),
            "do not match its files",
        ),
        (
            lambda folder: _change(folder / META_FILE, "dtypes", {"src": "<i4"}),
            "do not match its files",
        ),
        (_to_file, "Not a directory"),
    ],
)
def test_damage_is_noticed_told_and_repaired(write, pairs, open_it, reports, damage, reason):
    config = write(pairs[:100])
    first = open_it(config)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    damage(first.folder)
    assert open_it(config) == first
    assert reason in reports[-1]
    assert "tokenising again" in reports[-1]
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert [path.name for path in first.folder.parent.iterdir()] == [first.key]


def test_what_another_run_left_half_made_is_removed_and_told(write, pairs, open_it, reports):
    config = write(pairs[:100])
    cache = open_it(config).folder.parent
    half = cache / ".s2s-0123456789ab.tmp"
    half.mkdir()
    (half / "lock").touch()
    (half / "src.ids").write_bytes(b"123")
    open_it(config)
    assert not half.exists()
    assert f"removed {half}" in reports[-2]


def test_processes_that_make_the_same_corpus_do_not_hurt_each_other(
    write, pairs, tokenizer, tmp_path
):
    config = write(pairs)
    (tmp_path / "model").write_bytes(tokenizer.src_model)
    program = """
import sys
from pathlib import Path
from s2s.corpus import CorpusConfig
from s2s.corpus.shards import open_shards
from s2s.tokenizer import Tokenizer
src, tgt, model, cache = sys.argv[1:]
tokenizer = Tokenizer(Path(model).read_bytes())
print("ready", flush=True)
input()
shards = open_shards(CorpusConfig(src=src, tgt=tgt), tokenizer, Path(cache), max_pieces=60,
                     max_ratio=4.0, keep_text=False, report=lambda line: None)
print(shards.key, len(shards), shards.read(0, len(shards))[0].ids.sum())
"""
    command = [sys.executable, "-c", program, config.src, config.tgt]
    command += [str(tmp_path / "model"), str(tmp_path / "cache")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]  # noqa: S603
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(found) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_full_disk_is_one_line_and_leaves_nothing(write, pairs, open_it, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    config = write(pairs)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(FileError, match=r"cannot write to the folder .*cache: File too large"):
            open_it(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "cache").iterdir()) == []
    open_it(config)


def test_a_file_in_the_folders_place_is_an_error(write, pairs, open_it, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(FileError, match=r"cannot write to the folder .*cache: "):
        open_it(write(pairs[:9]))


def test_errors_in_the_text_leave_nothing(write, pairs, open_it, tmp_path):
    with pytest.raises(DataError, match=r"no pair was accepted \(1 pairs read, 0 accepted"):
        open_it(write([("", "x")]))
    config = write(pairs)
    with Path(config.tgt).open("a") as file:
        file.write("one more\n")
    with pytest.raises(DataError, match="parallel files must match line by line"):
        open_it(config)
    with pytest.raises(FileError, match="none does not exist"):
        open_it(replace(config, src=f"{tmp_path}/none"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_text_that_changes_while_it_is_read_is_an_error(
    write, pairs, open_it, tmp_path, monkeypatch
):
    config = write(pairs[:100])
    original = pairs_module.read_pairs

    def read_pairs(*args, **options):
        yield from original(*args, **options)
        Path(config.src).write_text("something else\n")

    monkeypatch.setattr(pairs_module, "read_pairs", read_pairs)
    with pytest.raises(DataError, match="changed while it was being read"):
        open_it(config)
    assert list((tmp_path / "cache").iterdir()) == []


def test_files_taken_away_or_cut_short_are_errors(write, pairs, open_it):
    shards = open_it(write(pairs[:100]))
    (shards.folder / "src.ids").write_bytes(b"1234")
    with pytest.raises(FileError, match=r"src\.ids became shorter"):
        shards.read(0, 100)
    shutil.rmtree(shards.folder)
    with pytest.raises(FileError, match=r"cannot read .*src\.offsets: No such file"):
        shards.read(0, 100)


def test_ids_take_two_bytes_where_that_is_enough(write, pairs, open_it, monkeypatch):
    assert [ids_dtype(size).str for size in (8, 65_536, 65_537)] == ["<u2", "<u2", "<i4"]
    config = write(pairs[:100])
    small = open_it(config).read(0, 100)
    assert small[0].ids.dtype == np.uint16
    for module in (chunks_module, writer_module):
        monkeypatch.setattr(module, "ids_dtype", lambda size: np.dtype("<i4"))
    large = open_it(replace(config, tag="<2de>")).read(0, 100)
    assert large[1].ids.dtype == np.int32
    assert large[1].ids.tolist() == small[1].ids.tolist()


def test_text_is_stored_with_any_vocabulary_but_not_any_can_be_sampled_from(
    write, pairs, open_it, tmp_path
):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(text for pair in pairs for text in pair),
        model_writer=model,
        vocab_size=40,
        hard_vocab_limit=False,
        model_type="char",
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    tokenizer = Tokenizer(model.getvalue())
    assert len(open_it(write(pairs[:9]), tokenizer)) == 9
    assert len(open_it(write(pairs[:9]), tokenizer, keep_text=True)) == 9
    with pytest.raises(
        ConfigError, match="needs a vocabulary of bpe or unigram, but this vocabulary is char"
    ):
        make_samplers(tokenizer)
