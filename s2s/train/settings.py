"""The settings of ``s2s train``: from a preset or an older run, and changed field by field."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

from s2s.config import Config, ModelConfig, SearchConfig, TokenizerConfig
from s2s.corpus.config import DataConfig
from s2s.errors import ConfigError, ModelError, suggest
from s2s.formats.run_folder import CONFIG_FILE, SRC_TOKENIZER_FILE, TGT_TOKENIZER_FILE, read_config
from s2s.train.config import LIMITS, TrainConfig
from s2s.train.pace import LOG_EVERY, VALIDATIONS
from s2s.train.presets import AUTO, PRESETS, fit_preset, training_fields

SECTIONS: dict[str, type[Config]] = {
    "data": DataConfig,
    "tokenizer": TokenizerConfig,
    "model": ModelConfig,
    "training": TrainConfig,
    "search": SearchConfig,
}
_NAMES = {
    section: {field.name for field in dataclasses.fields(kind)}
    - ({"seed"} if kind is SearchConfig else set())  # that of random translations
    for section, kind in SECTIONS.items()
}
FIELDS = set().union(*_NAMES.values())
"""Names of the fields that can be set; no two sections share one."""
PATH_FIELDS = {"train", "validation", "cache", "src_model", "tgt_model", "init"}
"""Fields that hold paths: they have options of their own, which make them absolute."""
_KEPT = ("keep", "augment")
"""Fields of DataConfig that fine-tuning takes over from its run."""
VOCABULARY_FIELDS = {"src_vocab_size", "tgt_vocab_size"}
"""Fields that training takes from the tokenizer."""


def parse_fields(assignments: Iterable[str]) -> dict[str, Any]:
    """Reads the values of ``--set``, ``FIELD=VALUE``; a VALUE is JSON, or else text.

    Raises:
        ConfigError: If one has no ``=``, or no configuration has such a field.
    """
    names = FIELDS - PATH_FIELDS - VOCABULARY_FIELDS
    fields: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or name not in names:
            raise ConfigError(
                f"--set has {assignment!r}; expected FIELD=VALUE with a field of ModelConfig, "
                f"TokenizerConfig, DataConfig, TrainConfig or SearchConfig{suggest(name, names)}"
            )
        try:
            fields[name] = json.loads(value)
        except ValueError:
            fields[name] = value
    return fields


class Settings(NamedTuple):
    """The configurations of a training as plain values, a section for each."""

    sections: dict[str, dict[str, Any]]
    heading: tuple[str, ...] = ()
    """Lines about how they were chosen, for ``train``."""

    @classmethod
    def of_preset(cls, name: str, fields: dict[str, Any] | None = None) -> Self:
        """Starts from a preset.

        Args:
            name: Of a preset, or ``auto`` for the one that fits the text in ``fields``.
            fields: What will be set; see ``with_fields``.

        Raises:
            ConfigError: If no preset has that name.
            DataError: With ``auto``, if the text cannot be read.
            FileError: With ``auto``, if the text cannot be read.
        """
        names = (AUTO, *PRESETS)
        if name not in names:
            raise ConfigError(
                f"preset (--preset) is {name!r}; expected one of {', '.join(names)}"
                f"{suggest(name, names)}"
            )
        if name == AUTO:
            given = cls.of_preset("small").with_fields(fields or {})
            name, line = fit_preset(given.data.train, given.training)
            return cls(cls.of_preset(name, fields).sections, (line,))
        preset = PRESETS[name]
        device = (fields or {}).get("device", "cpu")
        return cls(
            {
                "data": {},
                "tokenizer": preset.tokenizer.to_dict(),
                "model": preset.model.to_dict(),
                "training": training_fields(name, device),
                "search": {},
            }
        )

    @classmethod
    def of_run(cls, folder: Path) -> Self:
        """Starts from the settings of a run that is to be resumed.

        Raises:
            FileError: If ``folder`` holds no run.
            ModelError: If its configuration is damaged.
        """
        config = read_config(folder)
        sections = {name: config.get(name) for name in SECTIONS}
        if not all(isinstance(values, dict) for values in sections.values()):
            raise ModelError(
                f"{folder / CONFIG_FILE} is damaged: expected the objects {', '.join(SECTIONS)}"
            )
        return cls({name: dict(values or {}) for name, values in sections.items()})

    @classmethod
    def fine_tuning(cls, folder: Path) -> Self:
        """Starts from the network, the vocabulary and the hyperparameters of a run.

        Raises:
            FileError: If ``folder`` holds no run.
            ModelError: If its configuration is damaged.
        """
        sections = cls.of_run(folder).sections
        # Never those of the old run.
        fresh = {*LIMITS, "init", "accumulate", "precision", "validate_by"}
        training = {
            name: value
            for name, value in _as_upper_limits(sections["training"]).items()
            if name not in fresh
        }
        models = [folder / SRC_TOKENIZER_FILE, folder / TGT_TOKENIZER_FILE]
        src_model, tgt_model = (str(path) if path.is_file() else None for path in models)
        tokenizer = {**sections["tokenizer"], "src_model": src_model, "tgt_model": tgt_model}
        data = {name: sections["data"][name] for name in _KEPT if name in sections["data"]}
        changes = {"data": data, "training": training, "tokenizer": tokenizer, "search": {}}
        return cls({**sections, **changes})

    def with_fields(self, fields: dict[str, Any]) -> Self:
        """Returns the settings with fields replaced, each in the section that has it.

        Args:
            fields: Values by the name of the field.

        Raises:
            ConfigError: If no configuration has a field of that name.
        """
        unknown = next((name for name in fields if name not in FIELDS), None)
        if unknown is not None:
            raise ConfigError(
                f"unknown field {unknown!r}; expected a field of ModelConfig, TokenizerConfig, "
                f"DataConfig, TrainConfig or SearchConfig{suggest(unknown, FIELDS)}"
            )
        sections = {name: dict(values) for name, values in self.sections.items()}
        for section, names in _NAMES.items():
            sections[section] |= {name: fields[name] for name in fields if name in names}
        tokenizer, model = sections["tokenizer"], sections["model"]
        separate = tokenizer.get("tgt_model") is not None or not tokenizer.get("joint", True)
        if separate and model.get("tie") == "all":
            model["tie"] = "target"  # two vocabularies have no table to share
        return type(self)(sections, self.heading)

    @property
    def data(self) -> DataConfig:
        """Where the text is."""
        return DataConfig.from_dict(self.sections["data"])

    @property
    def tokenizer(self) -> TokenizerConfig:
        """How text is cut into pieces."""
        return TokenizerConfig.from_dict(self.sections["tokenizer"])

    @property
    def model(self) -> ModelConfig:
        """The shape of the network."""
        return ModelConfig.from_dict(self.sections["model"])

    @property
    def search(self) -> SearchConfig | None:
        """What the model recommends to its users; None if nothing is set."""
        values = self.sections["search"]
        return SearchConfig.from_dict(values) if values else None

    @property
    def training(self) -> TrainConfig:
        """How the network learns."""
        return TrainConfig.from_dict(self.sections["training"])


def _as_upper_limits(training: dict[str, Any]) -> dict[str, Any]:
    """Returns a run's settings for another run, which may be much shorter.

    Its warm-up and its batches may become smaller. In a run of an earlier release, no other field
    says how large they may be, and numbers that are now left open were written out.
    """
    settings = dict(training)
    for name, most in (("warmup_updates", "longest_warmup"), ("batch_tokens", "largest_batch")):
        value = settings.pop(name, None)
        if value is not None:
            settings.setdefault(most, value)
    for name, default in (("validations", VALIDATIONS), ("log_every", LOG_EVERY)):
        if settings.get(name) == default:
            del settings[name]
    return settings
