import pytest

pytest.importorskip("torch")

from s2s.errors import ConfigError, FileError
from s2s.train import PRESETS
from s2s.train.config import TrainConfig
from s2s.train.settings import Settings, parse_fields

PATHS = {"train": [{"src": "a", "tgt": "b"}], "validation": [{"src": "c", "tgt": "d"}]}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_valid_settings(name):
    settings = Settings.of_preset(name).with_fields(PATHS)
    assert settings.training.batch_tokens is None
    assert settings.training.largest_batch >= 1000
    assert settings.model.tie == "all"
    assert settings.data.train[0].src == "a"
    assert settings.tokenizer.vocab_size >= 2000


def test_options_replace_fields_of_their_section():
    changes = {**PATHS, "cell": "gru", "vocab_size": 99, "max_minutes": 3.0, "joint": False}
    settings = Settings.of_preset("tiny").with_fields(changes)
    assert settings.model.cell == "gru"
    assert settings.model.tie == "target"
    assert settings.tokenizer.vocab_size == 99
    assert (settings.training.max_minutes, settings.training.max_epochs) == (3.0, None)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'base'"):
        Settings.of_preset("bas")


def test_a_folder_without_a_run_has_no_settings(tmp_path):
    with pytest.raises(FileError, match="is not a run folder"):
        Settings.of_run(tmp_path)


def test_any_field_can_be_set_by_name():
    fields = parse_fields(["r_drop=5", "tie=none", "ema_decay=null", "word_dropout=0.25"])
    assert fields == {"r_drop": 5, "tie": "none", "ema_decay": None, "word_dropout": 0.25}
    settings = Settings.of_preset("small").with_fields({**PATHS, **fields})
    assert (settings.training.r_drop, settings.training.ema_decay) == (5, None)
    assert (settings.model.tie, settings.model.word_dropout) == ("none", 0.25)


def test_a_field_that_no_configuration_has_is_an_error():
    settings = Settings.of_preset("small")
    with pytest.raises(ConfigError, match=r"'hiden_size'.*did you mean 'hidden_size'"):
        settings.with_fields({**PATHS, "hiden_size": 3})


@pytest.mark.parametrize("text", ["r_drop", "=5", "rdrop=5", "src_vocab_size=9", "init=run"])
def test_what_is_no_field_cannot_be_set(text):
    with pytest.raises(ConfigError, match="expected FIELD=VALUE"):
        parse_fields([text])
    with pytest.raises(ConfigError, match="did you mean 'r_drop'"):
        parse_fields(["r_drp=5"])


def test_a_value_of_the_wrong_type_is_named():
    settings = Settings.of_preset("small").with_fields({**PATHS, **parse_fields(["r_drop=much"])})
    with pytest.raises(ConfigError, match="r_drop is 'much'; expected a number"):
        _ = settings.training


def test_half_precision_without_a_gpu_is_refused():
    with pytest.raises(
        ConfigError, match=r"'fp16', which needs device \(--device\) 'cuda'; use bf16"
    ):
        TrainConfig(max_updates=1, device="cpu", precision="fp16")
