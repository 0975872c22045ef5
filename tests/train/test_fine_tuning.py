"""Trainings that start from another run's weights."""

import json

import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from s2s.config import PAD_ID, UNK_ID, ModelConfig, SearchConfig, TokenizerConfig
from s2s.errors import ConfigError, FileError, ModelError
from s2s.formats.card import FORMAT
from s2s.model.run import load_run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer.extend import extend_tokenizer
from s2s.tokenizer.learn import train_tokenizer
from s2s.tokenizer.pieces import load_plain, read_pieces
from s2s.train.fine_tuning import RowCounts, config_of, initialise

DE = ["der Hund läuft am Strand", "die Katze schläft", "zwei Hunde und eine Katze"] * 9
EN = ["the dog runs along the beach", "the cat sleeps", "two dogs and a cat"] * 9
NL = ["de hond loopt langs het strand", "de kat slaapt", "twee honden en een kat"] * 9
RU = ["собака бежит по пляжу", "кошка спит на диване"] * 9
TIES = ("none", "target", "all")


def learn(joint, vocab_size=70, texts=(DE, EN)):
    return train_tokenizer(*texts, TokenizerConfig(vocab_size=vocab_size, joint=joint), seed=1)


def make_model(tokenizer, seed=1, **settings):
    torch.manual_seed(seed)
    small = {"embedding_size": 6, "hidden_size": 8, **settings}
    sizes = {"src_vocab_size": tokenizer.src_vocab_size, "tgt_vocab_size": tokenizer.tgt_vocab_size}
    model = Seq2Seq(ModelConfig(**sizes, **small)).eval()
    torch.nn.init.normal_(model.output.bias)
    return model


@pytest.fixture
def make_run(tmp_path):
    """Returns a function that writes the folder of a run with random weights."""

    def make(tokenizer, name="run", **settings):
        folder = tmp_path / name
        folder.mkdir()
        model = make_model(tokenizer, **settings)
        (folder / "src.model").write_bytes(tokenizer.src_model)
        if tokenizer.tgt_model is not None:
            (folder / "tgt.model").write_bytes(tokenizer.tgt_model)
        config = {
            "format": FORMAT,
            "model": model.config.to_dict(),
            "search": SearchConfig().to_dict(),
            "tags": list(tokenizer.tags),
        }
        (folder / "config.json").write_text(json.dumps(config))
        safetensors_torch.save_file(
            dict(model.named_parameters()), folder / "best.safetensors", {"s2s.state": "{}"}
        )
        return folder

    return make


def tables(model, tie):
    """The source's table, and those that the target has for itself in a network tied so."""
    own = [model.decoder.embedding.table.weight, model.output.rows]
    return (
        [model.encoder.embedding.table.weight],
        [model.output.bias, *(own if tie != "all" else [])],
    )


@pytest.mark.parametrize("tie", TIES)
def test_with_the_same_vocabulary_all_weights_are_copied(make_run, tie):
    tokenizer = learn(joint=True)
    folder = make_run(tokenizer, tie=tie)
    model = make_model(tokenizer, seed=2, tie=tie, dropout=0.5, dropout_kind="variational")
    report = initialise(model, tokenizer, folder)
    expected = dict(load_run(folder).model.named_parameters())
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, expected[name]), name
        assert parameter.requires_grad
    size, share = tokenizer.src_vocab_size, tokenizer.tgt_vocab_size
    assert share < size
    assert report.src == RowCounts(size, 0, 0)
    told = f"starts from {folder}; embeddings of the %svocabulary: {size} copied, 0 composed, 0 new"
    if tie == "all":
        assert str(report) == told % ""
    else:
        target = f"; target vocabulary: {share} copied, 0 composed, 0 new"
        assert str(report) == told % "source " + target


def combinations():
    """Kinds of old and new vocabularies and tables; one table is for a joint vocabulary."""
    kinds = [(joint, tie) for joint in (True, False) for tie in TIES if joint or tie != "all"]
    return [(*old, *new) for old in kinds for new in kinds]


@pytest.mark.parametrize(("was_joint", "was_tied", "joint", "tie"), combinations())
def test_rows_follow_their_pieces(make_run, was_joint, was_tied, joint, tie):
    old, new = learn(was_joint), learn(joint, 90, (NL, EN))
    folder = make_run(old, tie=was_tied)
    model, untouched = (make_model(new, seed=2, tie=tie) for _ in range(2))
    if TIES.index(tie) > TIES.index(was_tied):
        with pytest.raises(ConfigError, match=f"tie is '{tie}' but was '{was_tied}'"):
            initialise(model, new, folder)
        return
    report = initialise(model, new, folder)
    was = load_run(folder).model
    models = ((old.src_model, new.src_model), (old.tgt_cutter, new.tgt_cutter))
    for (was_vocabulary, vocabulary), was_tables, now_tables, random_tables, rows in zip(
        models,
        *(tables(network, tie) for network in (was, model, untouched)),
        (report.src, report.tgt),
        strict=True,
    ):
        before = [piece.text for piece in read_pieces(was_vocabulary)]
        after = [piece.text for piece in read_pieces(vocabulary)]
        cut = load_plain(was_vocabulary).encode
        found = RowCounts(0, 0, 0)
        for row, piece in enumerate(after):
            parts = [part for part in cut(piece) if part != UNK_ID]
            for table, now, start in zip(was_tables, now_tables, random_tables, strict=True):
                if piece in before:
                    kind, expected = 0, table[before.index(piece)]
                elif parts and [before[part] for part in parts] != ["▁"]:
                    kind, expected = 1, table[parts].mean(dim=0)
                else:
                    kind, expected = 2, start[row]
                torch.testing.assert_close(now[row], expected, atol=1e-7, rtol=0)
            found = found._replace(**{RowCounts._fields[kind]: found[kind] + 1})
        if tie == "all":
            assert report.tgt == report.src
        else:
            assert rows == found
        assert min(rows.copied, rows.composed) > 0
    assert torch.equal(model.decoder.bridge.weight, was.decoder.bridge.weight)
    assert not model.decoder.embedding.table.weight[PAD_ID].any()
    assert (model.output.weight is model.decoder.embedding.table.weight) == (tie != "none")


def test_one_table_for_two_vocabularies_is_refused(make_run):
    folder = make_run(learn(joint=True), tie="all")
    separate = learn(joint=False, vocab_size=50)
    with pytest.raises(ConfigError, match="use a joint vocabulary, or set tie to 'target'"):
        initialise(make_model(separate, tie="all"), separate, folder)


def test_an_extended_vocabulary_leaves_what_the_network_says_about_old_pieces(make_run):
    tokenizer = learn(joint=True)
    config = TokenizerConfig()
    new = extend_tokenizer(tokenizer, NL + RU, [], config, 40, 1, ["<2de>", "<2en>"])
    folder = make_run(tokenizer, tie="all")
    model = make_model(new, seed=2, tie="all")
    report = initialise(model, new, folder)
    size = tokenizer.src_vocab_size
    assert report.src.copied == size
    assert report.src.composed > 0 < report.src.new
    src = torch.tensor(tokenizer.encode_src(DE[:1]))
    tgt = torch.tensor(tokenizer.encode_tgt(EN[:1]))
    lengths = torch.tensor([src.shape[1]])
    logits, expected = (
        network.output(network(src, lengths, tgt)) for network in (model, load_run(folder).model)
    )
    assert torch.equal(logits[..., :size], expected)


def test_a_new_tag_starts_as_the_mean_of_the_old_ones(make_run):
    config = TokenizerConfig(vocab_size=70)
    tokenizer = train_tokenizer(DE, EN, config, 1, ["<2de>", "<2en>"])
    folder = make_run(tokenizer)
    new = extend_tokenizer(tokenizer, [], [], config, 0, 1, ["<2nl>"])
    model = make_model(new, seed=2)
    assert initialise(model, new, folder).src == RowCounts(tokenizer.src_vocab_size, 1, 0)
    table = model.encoder.embedding.table.weight
    names = [piece.text for piece in read_pieces(new.src_model)]
    old = [names.index(tag) for tag in tokenizer.tags]
    torch.testing.assert_close(table[names.index("<2nl>")], table[old].mean(dim=0))


def test_another_shape_is_one_error_that_names_every_field(make_run):
    tokenizer = learn(joint=True)
    folder = make_run(tokenizer, cell="gru", attention="multihead", attention_heads=2)
    model = make_model(tokenizer, hidden_size=10, encoder_layers=2, attention="dot", tie="all")
    with pytest.raises(ConfigError) as caught:
        initialise(model, tokenizer, folder)
    message = str(caught.value)
    assert "\n" not in message
    for difference in (
        "hidden_size is 10 but was 8",
        "encoder_layers is 2 but was 1",
        "cell is 'lstm' but was 'gru'",
        "attention is 'dot' but was 'multihead'",
        "tie is 'all' but was 'target'",
    ):
        assert difference in message
    assert "dropout" not in message


def test_settings_that_change_no_weight_may_differ(make_run):
    tokenizer = learn(joint=True)
    folder = make_run(tokenizer)
    model = make_model(tokenizer, activation="relu", attention_heads=1, word_dropout=0.1)
    initialise(model, tokenizer, folder)
    for setting in ({"cell": "rnn"}, {"attention": "multihead"}):
        other = make_run(tokenizer, next(iter(setting)), **setting)
        changed = {"activation": "relu"} if "cell" in setting else {"attention_heads": 2}
        with pytest.raises(ConfigError, match=next(iter(changed))):
            initialise(make_model(tokenizer, **setting, **changed), tokenizer, other)


def test_the_configuration_of_a_run_is_there_to_start_with(make_run, tmp_path):
    tokenizer = learn(joint=False)
    folder = make_run(tokenizer, decoder_layers=2)
    model = Seq2Seq(config_of(folder))
    assert model.config.decoder_layers == 2
    initialise(model, tokenizer, folder)
    with pytest.raises(FileError, match="not a run folder"):
        config_of(tmp_path)
    (folder / "best.safetensors").unlink()
    with pytest.raises(FileError, match=r"best.safetensors does not exist"):
        initialise(model, tokenizer, folder)
    (folder / "config.json").write_text(json.dumps({"format": FORMAT, "model": {"cell": "x"}}))
    with pytest.raises(ModelError, match="is damaged"):
        config_of(folder)
