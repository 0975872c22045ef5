import dataclasses
import json

import pytest

from s2s.config import ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus.config import CorpusConfig
from s2s.errors import ConfigError

CONFIGS = [
    ModelConfig(src_vocab_size=100, tgt_vocab_size=200, cell="gru", attention="mlp"),
    SearchConfig(beam_size=3),
    TokenizerConfig(vocab_size=500, joint=False),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: type(config).__name__)
def test_configurations_survive_json(config):
    assert type(config).from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: type(config).__name__)
def test_unknown_keys_are_refused_with_the_nearest(config):
    name = dataclasses.fields(config)[0].name
    with pytest.raises(ConfigError, match=f"unknown key '{name}x'; did you mean '{name}'"):
        type(config).from_dict({**config.to_dict(), name + "x": 1})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cell": "lsmt"}, r"cell \(--cell\) is 'lsmt'.*did you mean 'lstm'"),
        ({"hidden_size": 7}, "even number"),
        ({"hidden_size": 8.0}, r"hidden_size \(--hidden-size\) is 8.0; expected a whole number"),
        ({"dropout": 1.5}, r"dropout \(--dropout\) is 1.5; expected 0 to 0.95"),
        ({"dropout": True}, r"dropout \(--dropout\) is True"),
        (
            {"attention": "multihead", "hidden_size": 30},
            "expected a multiple of ModelConfig.attention_heads",
        ),
        (
            {"tie": "all", "src_vocab_size": 9, "tgt_vocab_size": 10},
            "9 pieces and the target vocabulary 10",
        ),
        ({"encoder_layers": 0}, r"encoder_layers \(--encoder-layers\) is 0; expected 1 to 100"),
    ],
)
def test_a_wrong_value_is_named_with_its_limit(values, message):
    with pytest.raises(ConfigError, match=message):
        ModelConfig(**{"src_vocab_size": 50, "tgt_vocab_size": 50, **values})


@pytest.mark.parametrize("values", [None, [], "x", 3])
def test_what_is_no_object_is_refused(values):
    with pytest.raises(ConfigError, match="expected a JSON object"):
        SearchConfig.from_dict(values)


def test_configurations_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SearchConfig().beam_size = 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: CorpusConfig.from_dict({"src": "a.de"}),
            r"CorpusConfig\.tgt is missing; set src and tgt, or pairs",
        ),
        (lambda: CorpusConfig(pairs="a", tgt="b"), r"has pairs \(--pairs\), and src or tgt, too"),
        (
            lambda: CorpusConfig(src="a", tgt="b", columns="1,2"),
            r"columns \(--columns\) is set, but there is no file of pairs \(--pairs\)",
        ),
        (lambda: CorpusConfig(pairs="a", columns="1"), r"columns \(--columns\) is '1'; expected"),
        (
            lambda: TokenizerConfig(tgt_model="x.model"),
            r"\(--tokenizer\) is not; set both",
        ),
    ],
)
def test_what_lacks_its_counterpart_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
