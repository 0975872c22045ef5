"""JoeyNMT, as ``bench_quality.py`` runs it."""

from pathlib import Path
from typing import Any

from rivals.systems import BATCH, BEAM_SIZE, MAX_PIECES, Rival, is_whole, run, write_yaml

RUN = Path(__file__).parent / "run_joeynmt.py"
VALIDATION_SENTENCES = 100
UPDATES = 1000
"""Between validations in its own configurations. Here they come more often, since JoeyNMT saves a
checkpoint at a validation and nowhere else; patience, which counts validations, is as long."""


class JoeyNMT(Rival):
    """``joeynmt train`` on plain text, which it cuts with SentencePiece itself."""

    started = r"EPOCH 1\b"

    def config(self) -> dict[str, Any]:
        """Returns its configuration."""
        cut = {
            "max_length": MAX_PIECES,
            "level": "bpe",
            "voc_file": str(self.data / "pieces"),
            "tokenizer_type": "sentencepiece",
            "tokenizer_cfg": {"model_file": str(self.data / "pieces.model")},
        }
        training = self.settings["training"]
        patience = training["patience"] * UPDATES // training["validation_freq"]
        return {
            "name": self.name,
            "joeynmt_version": "2.3.0",
            "model_dir": str(self.folder / "run"),
            "use_cuda": False,
            "random_seed": 1,
            "data": {
                "train": str(self.data / "train"),
                "dev": str(self.data / "val"),
                "dataset_type": "plain",
                "sample_dev_subset": VALIDATION_SENTENCES,
                "src": {"lang": "src", **cut},
                "trg": {"lang": "tgt", **cut},
            },
            "testing": {
                "beam_size": BEAM_SIZE,
                "beam_alpha": 1.0,
                "batch_size": BATCH,
                "eval_metrics": ["bleu"],
            },
            "training": {
                "optimizer": "adam",
                "normalization": "tokens",
                "early_stopping_metric": "bleu",
                "epochs": 100_000,
                "logging_freq": training["validation_freq"],
                "overwrite": True,
                "keep_best_ckpts": 1,
                **training,
                "patience": patience,
            },
            "model": self.settings["model"],
        }

    def command(self) -> list[str]:
        """Writes the configuration and returns the training's command."""
        path = self.folder / "train.yaml"
        write_yaml(path, self.config())
        return [self.python, str(RUN), "train", str(path), "--skip-test"]

    def newest(self) -> Path | None:
        """Returns the checkpoint with the best validation, as JoeyNMT's own test does."""
        best = self.folder / "run" / "best.ckpt"
        return best.resolve() if best.exists() and is_whole(best) else None

    def translate(self, minutes: float, src: Path, out: Path) -> float:
        """Translates text, one sentence a line."""
        config = self.config()
        config["testing"]["load_model"] = str(self.model(minutes))
        path = self.folder / "translate.yaml"
        write_yaml(path, config)
        # Its option for a file asks for a setting that it does not have (2.3.0).
        words = [self.python, str(RUN), "translate", str(path)]
        return run(words, self.log("translate"), self.threads, stdin=src, stdout=out)
