"""A training of s2s as ``bench_train_commands.py`` starts it; settings come as JSON."""

import json
import sys
import tempfile
from pathlib import Path

from s2s.config import ModelConfig, TokenizerConfig
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train


def main() -> None:
    """Trains, and prints the target tokens a second of each report."""
    settings = json.loads(sys.argv[1])
    folder = Path(settings["folder"])
    out = Path(tempfile.mkdtemp(dir=folder)) / "run"
    corpora = [
        CorpusConfig(src=str(folder / f"{name}.en"), tgt=str(folder / f"{name}.de"))
        for name in ("train", "val")
    ]
    train(
        DataConfig(train=(corpora[0],), validation=(corpora[1],), max_pieces=settings["pieces"]),
        out,
        model=ModelConfig(
            embedding_size=settings["embedding_size"],
            hidden_size=settings["hidden_size"],
            dropout=settings["dropout"],
            context=settings["context"],
            tie="none",
        ),
        tokenizer=TokenizerConfig(src_model=str(folder / "spm.model")),
        training=TrainConfig(
            max_updates=settings["updates"],
            batch_tokens=settings["batch_tokens"],
            label_smoothing=settings["label_smoothing"],
            learning_rate=settings["learning_rate"],
            clip_norm=settings["clip_norm"],
            log_every=settings["report_every"],
            validations=1,
            bleu_sentences=0,
        ),
    )
    for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["kind"] == "train":
            print(f"{record['tokens_per_second']:.1f} target tokens/s", flush=True)


if __name__ == "__main__":
    main()
