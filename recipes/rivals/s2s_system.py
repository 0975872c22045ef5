"""s2s, as ``bench_quality.py`` runs it: the commands of its users."""

from collections.abc import Sequence
from pathlib import Path

from rivals.systems import BEAM_SIZE, System, run


class S2S(System):
    """``s2s train``: a training for each number of minutes, since its rate follows the limit."""

    def train(self, minutes: Sequence[float]) -> None:
        """Trains and exports an int8 file for each of these minutes."""
        text = [f"--{side}={self.data / f'train.{side}'}" for side in ("src", "tgt")]
        text += [f"--val-{side}={self.data / f'val.{side}'}" for side in ("src", "tgt")]
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        for each in minutes:
            if self.model(each).exists():
                continue
            folder = str(self.folder / f"{each:g}")
            words = [self.python, "-m", "s2s"]
            limit = ["--max-minutes", f"{each:g}", "--out", folder, "--seed", "1"]
            run([*words, "train", *text, *options, *limit], self.log("train"), self.threads)
            export = ["export", folder, str(self.model(each)), "--precision", "int8"]
            run([*words, *export], self.log("export"), self.threads)

    def model(self, minutes: float) -> Path:
        """Returns the int8 file of these minutes."""
        return self.folder / f"{minutes:g}.onnx"

    def translate(self, minutes: float, src: Path, out: Path) -> float:
        """Translates text, one sentence a line."""
        words = [self.python, "-m", "s2s", "translate", str(self.model(minutes)), str(src)]
        words += ["-o", str(out), "--beam-size", str(BEAM_SIZE)]
        words += ["--threads", str(self.threads)]
        return run(words, self.log("translate"), self.threads)
