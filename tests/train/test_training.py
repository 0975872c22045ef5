import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from s2s.config import EOS_ID, ModelConfig, SearchConfig, TokenizerConfig  # noqa: E402
from s2s.errors import ConfigError, DataError, FileError, ModelError, TrainingError  # noqa: E402
from s2s.model.run import load_run  # noqa: E402
from s2s.search import beam_search  # noqa: E402
from s2s.train import DataConfig, TrainConfig, train  # noqa: E402
from s2s.train.average import MovingAverage, mean_weights  # noqa: E402
from s2s.train.data import Batch  # noqa: E402
from s2s.train.update import Updater  # noqa: E402

MODEL = ModelConfig(embedding_size=16, hidden_size=24, dropout=0.1, tie="all")
TOKENIZER = TokenizerConfig(vocab_size=80)
TRAINING = TrainConfig(
    max_updates=12,
    batch_tokens=200,
    warmup_updates=4,
    ema_decay=0.9,
    average_last=2,
    validate_every=4,
    bleu_sentences=5,
    log_every=2,
)


def data_of(folder):
    paths = {
        f"{part}_{side}": str(folder / f"{part}.{language}")
        for part in ("train", "val")
        for side, language in (("src", "xx"), ("tgt", "yy"))
    }
    return DataConfig(**paths)


def run(folder, out, **changes):
    options = {"training": TRAINING, "model": MODEL, "tokenizer": TOKENIZER, **changes}
    return train(data_of(folder), folder / out, **options)


def metrics(folder):
    """Records without what depends on the clock."""
    clock = ("seconds", "tokens_per_second")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in clock} for line in lines]


@pytest.mark.parametrize("sampling", [0.0, 0.2])
@pytest.mark.parametrize("stop", [1, 8, 11])
def test_a_resumed_training_equals_one_in_one_go(corpus_folder, sampling, stop):
    tokenizer = replace(TOKENIZER, sampling=sampling)
    training = replace(TRAINING, decay="constant")
    run(corpus_folder, "whole", training=training, tokenizer=tokenizer)
    first = replace(training, max_updates=stop)
    run(corpus_folder, "parts", training=first, tokenizer=tokenizer)
    run(corpus_folder, "parts", training=training, tokenizer=tokenizer, resume=True)
    whole = load_file(corpus_folder / "whole" / "last.safetensors")
    parts = load_file(corpus_folder / "parts" / "last.safetensors")
    names = [name for name in whole if name.startswith(("model.", "ema.", "optimizer.", "random."))]
    assert len(names) > 20
    for name in names:
        assert torch.equal(whole[name], parts[name]), name


def test_resuming_keeps_the_records_of_a_run_in_one_go(corpus_folder):
    training = replace(TRAINING, decay="constant", average_last=0)
    run(corpus_folder, "whole", training=training)
    run(corpus_folder, "parts", training=replace(training, max_updates=8))
    with (corpus_folder / "parts" / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "update": 9, "loss": 0}\n{"kind": "tra')  # killed after 8
    run(corpus_folder, "parts", training=training, resume=True)
    assert metrics(corpus_folder / "whole") == metrics(corpus_folder / "parts")


def test_a_run_folder_holds_what_translating_needs(corpus_folder):
    result = run(corpus_folder, "run")
    assert result.updates == 12
    assert result.stopped_by == "max_updates"
    loaded = load_run(corpus_folder / "run")
    assert loaded.card["languages"] == {"src": "xx", "tgt": "yy"}
    assert loaded.card["scores"]["signature"].startswith("nrefs:1")
    kinds = {record["kind"] for record in metrics(corpus_folder / "run")}
    assert kinds == {"train", "validation"}
    ids = loaded.tokenizer.encode_src(["sun moon"])
    beam_search(loaded.model, torch.tensor(ids), torch.tensor([len(ids[0])]), SearchConfig())


def test_a_folder_with_another_run_is_left_alone(corpus_folder):
    run(corpus_folder, "run")
    before = (corpus_folder / "run" / "config.json").read_bytes()
    with pytest.raises(FileError, match="not an empty folder; --resume goes on with it"):
        run(corpus_folder, "run")
    assert (corpus_folder / "run" / "config.json").read_bytes() == before


def test_resuming_with_other_settings_lists_what_changed(corpus_folder):
    run(corpus_folder, "run")
    other = replace(TRAINING, learning_rate=0.5, max_updates=99)
    with pytest.raises(ConfigError, match=r"training.learning_rate was 0.001, is 0.5; repeat"):
        run(corpus_folder, "run", training=other, resume=True)


def test_a_damaged_checkpoint_is_named(corpus_folder):
    run(corpus_folder, "run")
    last = corpus_folder / "run" / "last.safetensors"
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"last.safetensors is damaged"):
        run(corpus_folder, "run", training=replace(TRAINING, max_updates=99), resume=True)


def test_mismatched_files_end_before_anything_is_made(corpus_folder):
    with (corpus_folder / "train.yy").open("a") as file:
        file.write("one more\n")
    with pytest.raises(DataError, match=r"train.xx has 300 lines but .*train.yy has 301"):
        run(corpus_folder, "run")
    assert not (corpus_folder / "run").exists()


def test_mismatched_validation_files_end_before_anything_is_made(corpus_folder):
    (corpus_folder / "val.yy").write_text("one\n")
    with pytest.raises(DataError, match=r"val.xx has 30 lines but .*val.yy has 1"):
        run(corpus_folder, "run")
    assert not (corpus_folder / "run").exists()


def test_early_stopping_ends_after_patience(corpus_folder):
    training = replace(TRAINING, learning_rate=1e-9, max_updates=500, patience=2, ema_decay=None)
    result = run(corpus_folder, "run", training=training)
    assert result.stopped_by == "no better validation in 2"
    assert result.updates < 500


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_one_batch_can_be_learned_by_heart(cell, context):
    from s2s.model.seq2seq import Seq2Seq

    torch.manual_seed(3)
    config = ModelConfig(
        src_vocab_size=20,
        tgt_vocab_size=20,
        embedding_size=16,
        hidden_size=32,
        cell=cell,
        context=context,
        dropout=0.0,
    )
    model = Seq2Seq(config)
    updater = Updater(model, TrainConfig(max_updates=1, label_smoothing=0.0))
    src = torch.randint(4, 20, (6, 5))
    tgt = torch.randint(4, 20, (6, 5))
    tgt[:, -1] = EOS_ID
    tgt_in = torch.cat([torch.full((6, 1), 2), tgt[:, :-1]], dim=1)
    batch = Batch(src, torch.full((6,), 5), tgt_in, tgt, 30)
    for _ in range(150):
        figures = updater.update([batch], 1e-2)
    assert figures.nll / figures.tokens < 0.05
    model.eval()
    found = beam_search(model, src, torch.full((6,), 5), SearchConfig(beam_size=2))
    assert torch.equal(found.tokens[:, 0, :5], tgt)


def make_updater(**changes):
    from s2s.model.seq2seq import Seq2Seq

    torch.manual_seed(0)
    config = ModelConfig(src_vocab_size=9, tgt_vocab_size=9, embedding_size=4, hidden_size=4)
    return Updater(Seq2Seq(config).eval(), TrainConfig(max_updates=1, **changes))


def small_batch(rows):
    src = torch.tensor([[4, 5, 3], [6, 3, 0], [7, 8, 3]])[rows]
    return Batch(src, (src != 0).sum(1), src.clone(), src, int((src != 0).sum()))


def test_accumulated_batches_equal_one_large_batch():
    one, several = make_updater(), make_updater()
    one.update([small_batch([0, 1, 2])], 0.1)
    several.update([small_batch([0]), small_batch([1, 2])], 0.1)
    for a, b in zip(one.model.parameters(), several.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_gradient_that_is_not_finite_leaves_the_weights_alone():
    updater = make_updater()
    with torch.no_grad():
        updater.model.output.bias[4] = float("nan")
    before = [p.clone() for p in updater.model.parameters()]
    figures = updater.update([small_batch([0, 1])], 0.1)
    assert not torch.isfinite(torch.tensor(figures.gradient_norm))
    for a, b in zip(before, updater.model.parameters(), strict=True):
        assert torch.equal(a, b.detach()) or a.isnan().any()


def test_many_bad_updates_in_a_row_end_with_advice(corpus_folder, monkeypatch):
    monkeypatch.setattr(Updater, "_clip", lambda self: float("inf"))
    with pytest.raises(TrainingError, match=r"20 updates in a row .* lower learning_rate"):
        run(corpus_folder, "run")


def test_gradients_are_clipped_to_the_limit():
    updater = make_updater(clip_norm=0.01)
    updater.update([small_batch([0, 1, 2])], 0.0)
    gradients = [p.grad for p in updater.model.parameters()]
    assert torch.nn.utils.get_total_norm(gradients) <= 0.0101


def test_averages_are_means():
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    average = MovingAverage(model, 0.5)
    torch.nn.init.constant_(model.weight, 1.0)
    average.update(model, updates=100)
    assert average.weights["weight"].item() == 0.5
    mean = mean_weights([{"w": torch.tensor(1.0)}, {"w": torch.tensor(4.0)}])
    assert mean["w"].item() == 2.5


def test_given_vocabularies_are_used_as_they_are(corpus_folder):
    run(corpus_folder, "first")
    given = TokenizerConfig(src_model=str(corpus_folder / "first" / "src.model"))
    run(corpus_folder, "second", tokenizer=given)
    models = [(corpus_folder / out / "src.model").read_bytes() for out in ("first", "second")]
    assert models[0] == models[1]
    missing = TokenizerConfig(src_model=str(corpus_folder / "none.model"))
    with pytest.raises(FileError, match=r"tokenizer .*none.model: No such file"):
        run(corpus_folder, "third", tokenizer=missing)


def test_two_vocabularies_are_learned_and_loaded(corpus_folder):
    model = replace(MODEL, tie="target")
    run(corpus_folder, "run", model=model, tokenizer=replace(TOKENIZER, joint=False))
    loaded = load_run(corpus_folder / "run")
    assert loaded.tokenizer.tgt_model is not None
    assert loaded.model.encoder.embedding.table is not loaded.model.decoder.embedding.table


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("context", ["parallel", "input_feeding"])
def test_bf16_learns_what_fp32_learns(cell, context):
    from s2s.model.seq2seq import Seq2Seq

    norms = []
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        config = ModelConfig(
            src_vocab_size=9,
            tgt_vocab_size=9,
            embedding_size=8,
            hidden_size=8,
            cell=cell,
            context=context,
        )
        updater = Updater(Seq2Seq(config).eval(), TrainConfig(max_updates=1, precision=precision))
        norms.append(updater.update([small_batch([0, 1, 2])], 0.1).gradient_norm)
    assert norms[1] == pytest.approx(norms[0], rel=0.05)


def test_a_later_limit_brings_new_validations(corpus_folder):
    training = replace(TRAINING, validate_every=None, validations=4, max_updates=4)
    run(corpus_folder, "run", training=training)
    run(corpus_folder, "run", training=replace(training, max_updates=12), resume=True)
    validated = [r["update"] for r in metrics(corpus_folder / "run") if r["kind"] == "validation"]
    assert validated == [1, 2, 3, 4, 4, 6, 9, 12, 12]  # the mean of the last two comes at each end
