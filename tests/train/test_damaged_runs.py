"""Run folders that are damaged, put together from several, or made to harm."""

import json
import pickle
import random
import shutil
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from damaged_files import (
    SENTENCEPIECE,
    damage_bytes,
    damage_json,
    damage_message,
    damage_safetensors,
)
from limited_processes import LimitedProcess, try_all
from paths import DATA
from tiny_runs import TRAINING, run

from s2s import Translator
from s2s.errors import FileError, ModelError, S2SError
from s2s.model import run as run_module
from s2s.model.run import load_run
from s2s.train.checkpoint import load_last

OLD = DATA / "run-0.1.0"
FILES = ("config.json", "src.model", "best.safetensors", "last.safetensors")


@pytest.fixture(scope="module")
def loader():
    with LimitedProcess("torch") as process:
        yield process


@pytest.fixture
def trained(corpus_folder):
    """A run of today's, with what training needs to go on."""
    run(corpus_folder, "run", training=replace(TRAINING, validate_every=12))
    return corpus_folder / "run"


def damage(rng, folder, names):
    """Damages one file of a run folder."""
    path = folder / rng.choice(names)
    data = path.read_bytes()
    if rng.randrange(4) == 0:
        data = damage_bytes(rng, data)
    elif path.suffix == ".json":
        data = damage_json(rng, json.loads(data)).encode()
    elif path.suffix == ".model":
        data = damage_message(rng, data, SENTENCEPIECE)
    else:
        data = damage_safetensors(rng, data)
    path.write_bytes(data)


def damaged_copies(source, names, count):
    for number in range(count):
        folder = source.with_name("damaged")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        damage(random.Random(number), folder, names)  # noqa: S311
        yield folder


def show_counts(capsys, name, counts):
    with capsys.disabled():
        print(f"\n{name}: {dict(counts)}")  # noqa: T201


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_damaged_runs_are_refused_in_one_line_or_translate(
    loader, trained, tmp_path, count, capsys
):
    old = tmp_path / "old"  # without checksums, so that more of the network's own way is tried
    shutil.copytree(OLD, old)
    for source in (trained, old):
        names = [name for name in FILES[:3] if (source / name).exists()]
        counts, bad = try_all(loader, damaged_copies(source, names, count // 2))
        show_counts(capsys, f"run folders, {source.name}", counts)
        assert not bad
        assert counts["refused"] > count // 8
        assert counts["worked"] > 0


@pytest.mark.parametrize("count", [6, pytest.param(250, marks=pytest.mark.slow)])
def test_damaged_runs_are_not_exported_and_not_gone_on_with(loader, trained, count, capsys):
    out, model = trained.with_name("new"), trained.with_name("model.onnx")
    corpora = {"src": "train.xx", "tgt": "train.yy", "val-src": "val.xx", "val-tgt": "val.yy"}
    text = [f"--{option}={trained.with_name(name)}" for option, name in corpora.items()]
    ways = {
        "resume": lambda run: ("train", "--out", run, "--resume", "--max-updates", "12"),
        "init": lambda run: ("train", "--init", run, "--out", out, *text, "--max-updates", "2"),
        "export": lambda run: ("export", run, model),
    }
    for name, way in ways.items():

        def tried(way=way):
            for folder in damaged_copies(trained, FILES, count):
                shutil.rmtree(out, ignore_errors=True)
                yield way(folder)

        counts, bad = try_all(loader, tried())
        show_counts(capsys, f"run folders, {name}", counts)
        assert not bad
        assert counts["refused"] > 0


def test_files_of_two_runs_are_told_apart(corpus_folder, trained):
    """Both have the same sizes, and differ in seed and vocabulary."""
    other = corpus_folder / "other"
    run(corpus_folder, "other", training=replace(TRAINING, seed=2, validate_every=12))
    swapped = corpus_folder / "swapped"
    for name in ("src.model", "best.safetensors"):
        shutil.copytree(trained, swapped)
        shutil.copy(other / name, swapped / name)
        if (other / "src.model").read_bytes() == (trained / "src.model").read_bytes():
            data = (swapped / "src.model").read_bytes()
            assert b"tar" in data
            (swapped / "src.model").write_bytes(data.replace(b"tar", b"tax"))
        with pytest.raises(ModelError, match=r"does not belong to the config\.json"):
            load_run(swapped)
        with pytest.raises(ModelError, match=r"does not belong to the config\.json"):
            load_last(swapped / "last.safetensors", None, None, None)
        shutil.rmtree(swapped)


def test_a_network_of_another_kind_with_the_same_weights_is_refused(trained):
    path = trained / "config.json"
    config = json.loads(path.read_text())
    config["model"]["attention_heads"] = 2
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="does not belong to the"):
        load_run(trained)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 999_998},
        {"embedding_size": 1_000_000},
        {"src_vocab_size": 10_000_000},
        {"encoder_layers": 2**63},
        {"decoder_layers": 100, "hidden_size": 4096},
        {"hidden_size": 10**30},
    ],
)
def test_a_network_larger_than_its_file_takes_no_memory(tmp_path, change, monkeypatch):
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    config = json.loads((folder / "config.json").read_text())
    config["model"] |= change
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(run_module, "Seq2Seq", None)  # it is not made
    with pytest.raises(ModelError, match=r"does not fit|; expected|has \(40, 40\) source"):
        load_run(folder)


@pytest.mark.parametrize("name", ["best.safetensors", "src.model", "config.json"])
def test_a_pickle_is_not_read(tmp_path, name):
    folder, trap = tmp_path / "run", tmp_path / "trap"
    shutil.copytree(OLD, folder)

    class Trap:
        def __reduce__(self):
            return (open, (str(trap), "w"))

    (folder / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelError):
        load_run(folder)
    torch.save({"weights": Trap()}, folder / name)
    with pytest.raises(ModelError):
        load_run(folder)
    assert not trap.exists()


def test_a_header_longer_than_its_file_is_refused(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    path = folder / "best.safetensors"
    data = path.read_bytes()
    for size in (0, 7, len(data), 100_000_001, 2**32, 2**63, 2**64 - 1):
        path.write_bytes(size.to_bytes(8, "little") + data[8:])
        with pytest.raises(ModelError, match="is damaged"):
            load_run(folder)


@pytest.mark.parametrize("state", [{}, {"corpora": 1}, {"position": [], "window": 1}])
def test_a_checkpoint_with_a_state_of_another_kind_is_one_line(trained, state, corpus_folder):
    from s2s.model.run import read_tensors
    from s2s.train.checkpoint import write_tensors

    path = trained / "last.safetensors"
    tensors, before = read_tensors(path)
    write_tensors(path, tensors, {"corpora": before["corpora"], **state})
    with pytest.raises(S2SError, match=r"training state cannot be read|has changed since"):
        run(
            corpus_folder,
            "run",
            training=replace(TRAINING, validate_every=12, max_updates=14),
            resume=True,
        )


def test_a_folder_of_0_1_0_translates(s2s, tmp_path):
    texts = ["eins", "zwei drei", "zehn neun acht", "sieben"]
    found = [translation.text for translation in Translator(OLD, threads=1).translate(texts)]
    assert found == ["one", "two three", "ten nine eight", "seven"]
    shutil.copytree(OLD, tmp_path / "run")
    resumed = s2s("train", "--out", tmp_path / "run", "--resume")
    assert (resumed.code, resumed.err.count("\n")) == (2, 1)
    assert s2s("info", OLD).code == 0


def test_a_folder_in_place_of_a_file_is_one_line(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(OLD, folder)
    (folder / "best.safetensors").unlink()
    (folder / "best.safetensors").mkdir()
    with pytest.raises(FileError, match="does not exist"):
        load_run(folder)
