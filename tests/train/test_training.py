import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from tiny_runs import MODEL, TOKENIZER, TRAINING, data_of, metrics, run

from s2s.config import SearchConfig, TokenizerConfig
from s2s.errors import ConfigError, DataError, FileError, TrainingError
from s2s.model.run import load_run
from s2s.search.beam import beam_search
from s2s.train import CorpusConfig, train
from s2s.train.average import MovingAverage, mean_weights
from s2s.train.log import TrainingLog
from s2s.train.update import Updater


def test_a_run_folder_holds_what_translating_needs(corpus_folder):
    result = run(corpus_folder, "run")
    assert result.updates == 12
    assert result.stopped_by == "max_updates"
    loaded = load_run(corpus_folder / "run")
    assert loaded.card["languages"] == {"src": "xx", "tgt": "yy"}
    assert loaded.card["scores"]["signature"].startswith("nrefs:1")
    kinds = {record["kind"] for record in metrics(corpus_folder / "run")}
    assert kinds == {"train", "layers", "validation"}
    ids = loaded.tokenizer.encode_src(["sun moon"])
    beam_search(loaded.model, torch.tensor(ids), torch.tensor([len(ids[0])]), SearchConfig())


def test_every_layer_has_its_norms_in_the_records(corpus_folder):
    run(corpus_folder, "run")
    records = metrics(corpus_folder / "run")
    layers = [record for record in records if record["kind"] == "layers"]
    assert [record["update"] for record in layers] == [2, 4, 6, 8, 10, 12]
    names = layers[0].keys() - {"kind", "update"}
    assert {"encoder.forward_layers.0", "decoder.layers.0", "decoder.attention.key"} <= names
    for name in names:
        assert layers[0][name].keys() == {"gradient", "update", "weight"}
        assert all(value > 0 for value in layers[0][name].values()), name


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


def test_text_of_which_nothing_is_kept_leaves_no_folder(corpus_folder):
    (corpus_folder / "train.xx").write_text("sun " * 300 + "\n")
    (corpus_folder / "train.yy").write_text("nus " * 300 + "\n")
    with pytest.raises(DataError, match=r"no pair was accepted \(1 pairs read, 0 accepted"):
        run(corpus_folder, "run")
    assert not (corpus_folder / "run").exists()


def test_early_stopping_ends_after_patience(corpus_folder):
    training = replace(TRAINING, learning_rate=1e-9, max_updates=500, patience=2, ema_decay=None)
    result = run(corpus_folder, "run", training=training)
    assert result.stopped_by == "no better validation in 2"
    assert result.updates < 500
    again = run(corpus_folder, "run", training=training, resume=True)
    assert again.updates == result.updates


def test_many_bad_updates_in_a_row_end_with_advice(corpus_folder, monkeypatch):
    plain = Updater._backward

    def spoil(updater, step):
        sums = plain(updater, step)
        next(updater.model.parameters()).grad.fill_(float("nan"))
        return sums

    monkeypatch.setattr(Updater, "_backward", spoil)
    with pytest.raises(TrainingError, match=r"20 updates in a row .* lower learning_rate"):
        run(corpus_folder, "run", training=replace(TRAINING, max_updates=100, validate_every=100))


def test_updates_left_out_are_counted_and_said(corpus_folder, monkeypatch, capsys):
    plain = Updater._backward
    calls = []

    def spoil(updater, step):
        sums = plain(updater, step)
        calls.append(step)
        if len(calls) in (3, 5):
            next(updater.model.parameters()).grad.fill_(float("inf"))
        return sums

    monkeypatch.setattr(Updater, "_backward", spoil)
    assert run(corpus_folder, "run").updates == 12
    said = capsys.readouterr().err
    assert "update 3 was skipped: its gradient norm is inf (1 skipped so far)" in said
    assert "update 5 was skipped: its gradient norm is inf (2 skipped so far)" in said
    assert [r["skipped"] for r in metrics(corpus_folder / "run") if r["kind"] == "train"][-1] == 2


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


def test_a_cache_is_shared_by_runs(corpus_folder, capsys):
    data = replace(data_of(corpus_folder), cache=str(corpus_folder / "cache"))
    tokenizer = TOKENIZER
    for out in ("first", "second"):
        options = {"training": TRAINING, "model": MODEL, "tokenizer": tokenizer}
        train(data, corpus_folder / out, **options)
        tokenizer = TokenizerConfig(src_model=str(corpus_folder / "first" / "src.model"))
        assert not (corpus_folder / out / "corpus").exists()
    assert len(list((corpus_folder / "cache").glob("*/meta.json"))) == 1


def test_one_model_learns_several_languages(corpus_folder):
    for part in ("train", "val"):
        lines = (corpus_folder / f"{part}.xx").read_text().splitlines()
        (corpus_folder / f"{part}.zz").write_text("".join(f"{x.upper()}\n" for x in lines))
    groups = [
        tuple(
            CorpusConfig(
                src=str(corpus_folder / f"{part}.xx"),
                tgt=str(corpus_folder / f"{part}.{language}"),
                tag=f"<2{language}>",
                weight=weight,
            )
            for language, weight in (("yy", 1.0), ("zz", 0.5))
        )
        for part in ("train", "val")
    ]
    data = replace(data_of(corpus_folder), train=groups[0], validation=groups[1])
    train(data, corpus_folder / "run", training=TRAINING, model=MODEL, tokenizer=TOKENIZER)
    loaded = load_run(corpus_folder / "run")
    assert loaded.card["tags"] == ["<2yy>", "<2zz>"]
    assert loaded.card["languages"] == {"src": "xx", "tgt": ["yy", "zz"]}
    validations = [r for r in metrics(corpus_folder / "run") if r["kind"] == "validation"]
    assert len(validations[0]["each"]) == 2
    assert validations[0]["bleu"] == pytest.approx(sum(validations[0]["each"]) / 2)
    config = json.loads((corpus_folder / "run" / "config.json").read_text())
    assert config["data"]["train"][1]["weight"] == 0.5


def test_fine_tuning_starts_from_the_weights_of_a_run(corpus_folder):
    run(corpus_folder, "first")
    start = replace(TRAINING, init=str(corpus_folder / "first"), learning_rate=1e-9, ema_decay=None)
    run(corpus_folder, "second", training=start, model=None, tokenizer=None)
    first, second = (load_run(corpus_folder / out) for out in ("first", "second"))
    assert first.tokenizer.src_model == second.tokenizer.src_model
    for name, value in first.model.named_parameters():
        other = dict(second.model.named_parameters())[name]
        torch.testing.assert_close(value, other, atol=1e-6, rtol=0)


def test_fine_tuning_can_add_pieces(corpus_folder):
    run(corpus_folder, "first")
    for side in ("xx", "yy"):
        path = corpus_folder / f"train.{side}"
        path.write_text("".join(f"{line} größer\n" for line in path.read_text().splitlines()))
    start = replace(TRAINING, init=str(corpus_folder / "first"))
    tokenizer = TokenizerConfig(new_pieces=8)
    run(corpus_folder, "second", training=start, model=None, tokenizer=tokenizer)
    first, second = (load_run(corpus_folder / out).tokenizer for out in ("first", "second"))
    assert 0 < second.src_vocab_size - first.src_vocab_size <= 8
    assert len(second.encode_src(["größer"])[0]) < len(first.encode_src(["größer"])[0]) or (
        1 in first.encode_src(["größer"])[0] and 1 not in second.encode_src(["größer"])[0]
    )


def test_fine_tuning_the_other_way_round_gives_the_target_what_it_needs(corpus_folder):
    run(corpus_folder, "first")
    for part in ("train", "val"):
        one, other = (corpus_folder / f"{part}.{side}" for side in ("xx", "yy"))
        text = one.read_text(), other.read_text()
        one.write_text(text[1])
        other.write_text(text[0])
    start = replace(TRAINING, init=str(corpus_folder / "first"))
    run(corpus_folder, "second", training=start, model=None, tokenizer=None)
    first, second = (load_run(corpus_folder / out).tokenizer for out in ("first", "second"))
    assert first.tgt_vocab_size < first.src_vocab_size == second.src_vocab_size
    assert second.tgt_vocab_size > first.tgt_vocab_size
    texts = (corpus_folder / "train.yy").read_text().splitlines()
    assert second.encode_tgt(texts) == second.encode_src(texts)


def test_a_table_is_not_shared_by_two_vocabularies(corpus_folder):
    with pytest.raises(ConfigError, match="source and target have separate vocabularies"):
        run(corpus_folder, "run", tokenizer=replace(TOKENIZER, joint=False))
    assert not (corpus_folder / "run").exists()


def test_a_processor_that_cannot_is_told_before_anything_is_made(corpus_folder, monkeypatch):
    def forward(*_):
        raise RuntimeError("could not create a primitive descriptor")

    monkeypatch.setattr(torch.nn.LSTM, "forward", forward)
    with pytest.raises(ConfigError, match="cannot compute an LSTM in bf16; use --precision fp32"):
        run(corpus_folder, "run", training=replace(TRAINING, precision="bf16"))
    assert not (corpus_folder / "run").exists()


def test_the_share_of_the_time_limit_is_never_over_the_whole(tmp_path, capsys):
    figures = {"loss": 1.0, "learning_rate": 1e-3, "gradient_norm": 1.0}
    with TrainingLog(tmp_path, None) as log:
        log.show(1.013, 7, figures)
    assert "100%  update 7" in capsys.readouterr().err
