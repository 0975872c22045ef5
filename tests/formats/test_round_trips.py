"""Configurations and metadata come back as they went, whatever they hold."""

import dataclasses
import json
import typing

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from paths import DATA

from s2s.config import (
    Config,
    ModelConfig,
    SearchConfig,
    TokenizerConfig,
)
from s2s.corpus.config import AugmentConfig, CorpusConfig, DataConfig
from s2s.errors import ConfigError
from s2s.formats.checksum import sealed
from s2s.formats.model_file import describe, read_model_file
from s2s.model.run import Run
from s2s.model.seq2seq import Seq2Seq
from s2s.train.config import TrainConfig
from s2s.writing.facts import TextFacts
from s2s_export import add_metadata

CORPUS = CorpusConfig(src="a.de", tgt="a.en")
FACTS = TextFacts(
    several_sentences=0.1,
    src_length=30,
    capitals=0.0,
    title_case=0.5,
    lower_start=1.0,
    any_capitals=1.0,
    end_marks=0.9,
    end_mark=".",
    spellings=("I", "Tom"),
)
BASES = [
    ModelConfig(),
    SearchConfig(),
    TokenizerConfig(),
    TrainConfig(max_updates=9),
    CORPUS,
    DataConfig(train=(CORPUS,), validation=(CORPUS,)),
    AugmentConfig(),
    FACTS,
]
NAMES = {type(base).__name__: base for base in BASES}


def json_values(numbers):
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )


def values_of(kind):
    """Values of a field's type, most of them in range."""
    if typing.get_origin(kind) is typing.Literal:
        return st.sampled_from(typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return st.lists(values_of(typing.get_args(kind)[0]), max_size=3).map(tuple)
    if typing.get_args(kind):
        return st.one_of([values_of(arm) for arm in typing.get_args(kind)])
    if kind is CorpusConfig:
        weights = st.floats(0.01, 1000)
        return st.builds(CorpusConfig, src=st.text(), tgt=st.text(), weight=weights)
    if kind is AugmentConfig:
        return st.builds(AugmentConfig, upper=st.floats(0, 1), noend=st.floats(0, 1))
    return {
        int: st.one_of(st.integers(0, 12), st.integers()),
        float: st.one_of(st.floats(0, 1), st.integers(0, 9), st.floats()),
        bool: st.booleans(),
        str: st.text(),
        type(None): st.none(),
    }[kind]


def test_every_configuration_is_tried():
    def below(kind):
        return {child.__name__ for child in kind.__subclasses__()}.union(
            *map(below, kind.__subclasses__())
        )

    assert below(Config) == NAMES.keys()


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(NAMES)), st.data())
def test_a_configuration_survives_json_or_is_refused_in_one_line(name, data):
    base = NAMES[name]
    fields = {field.name: field.type for field in dataclasses.fields(base)}
    chosen = data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True))
    changes = {field: data.draw(values_of(fields[field]), field) for field in chosen}
    try:
        config = dataclasses.replace(base, **changes)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert type(base).from_dict(config.to_dict()) == config
    written = json.dumps(config.to_dict())
    assert type(base).from_dict(json.loads(written)) == config


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(NAMES)), json_values(st.floats()), st.data())
def test_any_value_in_any_field_is_taken_or_refused_in_one_line(name, value, data):
    base = NAMES[name]
    field = data.draw(st.sampled_from([field.name for field in dataclasses.fields(base)]))
    try:
        config = type(base).from_dict({**base.to_dict(), field: value})
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert type(base).from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "make",
    [
        lambda: CorpusConfig(src="a\r\nb", tgt="c", weight=0.0),
        lambda: DataConfig(train=(CORPUS,), validation=(CORPUS,), keep=("(?\n)",)),
        lambda: TrainConfig(max_updates=1, seed=-1),
        lambda: TrainConfig(max_updates=1, seed=2**32),
    ],
)
def test_line_ends_in_values_and_seeds_out_of_range_are_refused_in_one_line(make):
    with pytest.raises(ConfigError) as refused:
        make()
    assert len(str(refused.value).splitlines()) == 1


@settings(deadline=None)
@given(st.sampled_from(sorted(NAMES)), st.data())
def test_an_unknown_key_is_refused_with_one_that_is_like_it(name, data):
    base = NAMES[name]
    fields = [field.name for field in dataclasses.fields(base)]
    meant = data.draw(st.sampled_from(fields))
    place = data.draw(st.integers(0, len(meant) - 1))
    before, here, after = meant[:place], meant[place], meant[place + 1 :]
    typed = data.draw(
        st.sampled_from(
            [
                before + after,
                before + here * 2 + after,
                before + after[:1] + here + after[1:],
                meant.upper() if len(meant) < 3 else meant + "s",
            ]
        )
    )
    assume(typed not in fields)
    with pytest.raises(ConfigError) as refused:
        type(base).from_dict({**base.to_dict(), typed: 1})
    message, _, suggested = str(refused.value).partition("; did you mean ")
    assert message == f"{name}: unknown key {typed!r}"
    assert suggested.removesuffix("?").strip("'") in fields


@settings(deadline=None)
@given(st.sampled_from(sorted(NAMES)), st.text())
def test_any_other_key_is_refused_in_one_line(name, key):
    base = NAMES[name]
    assume(key not in {field.name for field in dataclasses.fields(base)})
    with pytest.raises(ConfigError, match="unknown key") as refused:
        type(base).from_dict({**base.to_dict(), key: 1})
    assert len(str(refused.value).splitlines()) == 1


CODES = st.text(min_size=1, max_size=9)
CARDS = st.fixed_dictionaries(
    {"languages": st.fixed_dictionaries({"src": CODES, "tgt": CODES | st.lists(CODES)})},
    optional={
        "scores": st.dictionaries(st.text(), st.floats(allow_nan=False) | st.none()),
        "updates": st.integers(0),
        "note": json_values(st.floats(allow_nan=False)),
    },
)
SEARCHES = st.builds(
    SearchConfig,
    beam_size=st.integers(1, 1000),
    length_penalty=st.floats(0, 10),
    max_length=st.integers(1, 10**6),
    length_factor=st.integers(0, 1000) | st.just("auto"),
    length_margin=st.integers(1, 10**6) | st.just("auto"),
    in_step=st.booleans() | st.just("auto"),
    min_length=st.integers(0, 10**6),
    no_repeat=st.integers(0, 10**6),
    diversity=st.floats(0, 1e6),
    temperature=st.floats(0, 1e6),
    top_k=st.integers(0, 10**6),
    seed=st.integers(0, 2**31 - 3),
)


@pytest.fixture(scope="module")
def materials():
    """A graph whose metadata is written anew, its tokenizer, and a network of its sizes."""
    path = DATA / "tiny.onnx"
    tokenizer = read_model_file(path).tokenizer
    size = tokenizer.src_vocab_size
    config = ModelConfig(
        src_vocab_size=size, tgt_vocab_size=size, embedding_size=2, hidden_size=2, tie="all"
    )
    return onnx.load(path), tokenizer, Seq2Seq(config)


@settings(deadline=None, max_examples=50)
@given(CARDS, SEARCHES, st.sampled_from(["fp32", "int8"]), st.integers(1, 3))
def test_what_is_written_into_a_file_is_read_from_it(materials, card, search, precision, members):
    graph, tokenizer, network = materials
    run = Run(network, tokenizer, search, card)
    add_metadata(graph, [run] * members, precision)
    written = sealed(graph.SerializeToString())
    assert onnx.load_from_string(written).SerializeToString() == written
    file = read_model_file(written)
    assert file.search == search.fitted(tokenizer.tgt_vocab_size)
    assert file.tokenizer.src_model == tokenizer.src_model
    assert file.tokenizer.tgt_model == tokenizer.tgt_model
    kept = card if members == 1 else {"languages": card["languages"]}
    assert {key: file.card[key] for key in kept} == kept
    assert file.card["precision"] == precision
    assert ModelConfig.from_dict(file.card["model"]) == network.config
    assert len(file.card.get("members", [0])) == members
    assert not describe(written).text
