"""German from English on Multi30k: 29,000 image descriptions, a model that a CPU trains.

    python recipes/multi30k.py --data DIR --out runs/multi30k

DIR holds the published ``train.en.gz`` ... ``test_2016_flickr.de.gz``; without ``--data`` they are
downloaded from the public repository of the data set and checked. Elliott et al. (2016), "Multi30K:
Multilingual English-German Image Descriptions". Its images are for non-commercial research and
education: take a model trained on it the same way.
"""

import argparse
import hashlib
import sys
import time
import urllib.request
from pathlib import Path

from rich.console import Console

from s2s import S2SError, Translator
from s2s.config import ModelConfig, TokenizerConfig
from s2s.score import score
from s2s.text import read_pairs
from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
from s2s_export import export_run

SOURCE = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"
SHA256 = {
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
}

# 29,000 pairs are few: strong dropout of features and words, and segmentations drawn anew in each
# epoch, are worth more than a larger model. A GRU sees a fifth more tokens a minute than an LSTM.
MODEL = ModelConfig(
    embedding_size=256,
    hidden_size=384,
    cell="gru",
    dropout=0.3,
    word_dropout=0.1,
    tie="all",
)
TOKENIZER = TokenizerConfig(vocab_size=4000, sampling=0.1)
TRAINING = {
    "learning_rate": 4e-3,
    "warmup_updates": 300,
    "batch_tokens": 1500,
    "ema_decay": 0.995,
    "average_last": 3,
    "bleu_sentences": 300,
}

console = Console(highlight=False, soft_wrap=True)


def fetch(folder: Path) -> None:
    """Downloads what is missing, and checks every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            with urllib.request.urlopen(SOURCE + name) as reply:  # noqa: S310
                path.write_bytes(reply.read())
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{path} has SHA-256 {found}; expected {expected}")


def main() -> None:
    """Data, training, export, scores."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with the published files")
    parser.add_argument("--out", type=Path, default=Path("runs/multi30k"))
    parser.add_argument("--max-minutes", type=float, default=34.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    out: Path = arguments.out
    folder: Path = arguments.data or out / "data"
    fetch(folder)

    train_pairs, validation = (
        CorpusConfig(src=str(folder / f"{part}.en.gz"), tgt=str(folder / f"{part}.de.gz"))
        for part in ("train", "val")
    )
    data = DataConfig(train=(train_pairs,), validation=(validation,))
    training = TrainConfig(
        max_minutes=arguments.max_minutes,
        seed=arguments.seed,
        device=arguments.device,
        **TRAINING,
    )
    start = time.monotonic()
    result = train(data, out / "run", training=training, model=MODEL, tokenizer=TOKENIZER)
    minutes = (time.monotonic() - start) / 60

    pairs = list(read_pairs(folder / "test_2016_flickr.en.gz", folder / "test_2016_flickr.de.gz"))
    texts, references = [src for src, _ in pairs], [tgt for _, tgt in pairs]
    models = {"torch": out / "run"}
    for precision in ("fp32", "int8"):
        models[precision] = out / f"{precision}.onnx"
        console.print(str(export_run(out / "run", models[precision], precision)))
    for name, path in models.items():
        hypotheses = [translation.text for translation in Translator(path).translate(texts)]
        found = score(hypotheses, references, bleu_only=True)[0]
        console.print(
            f"{name}: BLEU {found.value:.2f} ({found.signature}), {result.updates} updates, "
            f"{result.epochs:.1f} epochs, {minutes:.1f} minutes"
        )


if __name__ == "__main__":
    try:
        main()
    except S2SError as error:
        sys.exit(f"multi30k: error: {error}")
