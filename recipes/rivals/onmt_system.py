"""OpenNMT-py with CTranslate2 for its Transformers, as ``bench_quality.py`` runs it."""

from pathlib import Path
from typing import Any

from rivals.systems import BATCH, BEAM_SIZE, MAX_PIECES, Rival, is_whole, run, write_yaml

HERE = Path(__file__).parent
SAVE_EVERY = 50
"""Updates between checkpoints."""


class OpenNMT(Rival):
    """``onmt_train`` on text that SentencePiece has cut."""

    started = r"Start training loop"

    def command(self) -> list[str]:
        """Writes the vocabulary and the configuration and returns the training's command."""
        text = {
            "path_src": str(self.data / "train.pieces.src"),
            "path_tgt": str(self.data / "train.pieces.tgt"),
            "transforms": ["filtertoolong"],
        }
        config: dict[str, Any] = {
            "save_data": str(self.folder / "vocabulary"),
            "data": {"corpus_1": text},
            "src_vocab": str(self.folder / "vocabulary.src"),
            "share_vocab": True,
            "src_seq_length": MAX_PIECES,
            "tgt_seq_length": MAX_PIECES,
            "overwrite": True,
        }
        path = self.folder / "vocabulary.yaml"
        write_yaml(path, config)
        build = [self.python, "-m", "onmt.bin.build_vocab", "-config", str(path), "-n_sample", "-1"]
        run(build, self.log("vocabulary"), self.threads)
        config |= self.settings | {
            "save_model": str(self.folder / "model"),
            "save_checkpoint_steps": SAVE_EVERY,
            "keep_checkpoint": 2,
            "train_steps": 10_000_000,
            "num_workers": 0,
            "report_every": SAVE_EVERY,
            "seed": 1,
        }
        path = self.folder / "train.yaml"
        write_yaml(path, config)
        return [self.python, "-m", "onmt.bin.train", "-config", str(path)]

    def newest(self) -> Path | None:
        """Returns the last checkpoint that is whole."""
        found = [path for path in self.folder.glob("model_step_*.pt") if is_whole(path)]
        return max(found, key=lambda path: int(path.stem.rpartition("_")[2]), default=None)

    def translate(self, minutes: float, src: Path, out: Path) -> float:
        """Translates pieces, one sentence a line, and writes pieces."""
        words = [self.python, "-m", "onmt.bin.translate", "-model", str(self.model(minutes))]
        words += ["-src", str(src), "-output", str(out), "-beam_size", str(BEAM_SIZE)]
        words += ["-length_penalty", "avg", "-batch_size", str(BATCH)]
        words += ["-max_length", str(MAX_PIECES)]
        return run(words, self.log("translate"), self.threads)


class CTranslate2(OpenNMT):
    """The same training; CTranslate2 translates with int8 weights."""

    def converted(self, minutes: float) -> Path:
        """Returns the folder of the converted model, which it makes if needed."""
        folder = self.folder / f"{minutes:g}-int8"
        if not folder.exists():
            words = [self.python, str(HERE / "convert_ctranslate2.py")]
            run([*words, str(self.model(minutes)), str(folder)], self.log("convert"), self.threads)
        return folder

    def size(self, minutes: float) -> int:
        """Returns the bytes of the model in int8."""
        return sum(path.stat().st_size for path in self.converted(minutes).iterdir())

    def translate(self, minutes: float, src: Path, out: Path) -> float:
        """Translates pieces, one sentence a line, and writes pieces."""
        words = [self.python, str(HERE / "translate_ctranslate2.py")]
        words += [str(self.converted(minutes)), str(src), str(out)]
        words += [str(BEAM_SIZE), str(BATCH), str(MAX_PIECES), str(self.threads)]
        return run(words, self.log("translate"), self.threads)
