"""Puts a model of CTranslate2 where Argos Translate, and so LibreTranslate, finds it.

    PYTHON make_argos.py FOLDER MODEL SENTENCEPIECE_MODEL --src en --tgt de

FOLDER becomes the data folder of Argos Translate (``XDG_DATA_HOME``); MODEL is the folder of a
model that CTranslate2 has converted. A package of Argos Translate is such a model, a SentencePiece
model and a description. Any Python will do.
"""

import argparse
import json
import shutil
from pathlib import Path


def main() -> None:
    """Copies the model and describes it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--src", required=True, help="language code")
    parser.add_argument("--tgt", required=True, help="language code")
    options = parser.parse_args()
    package = options.folder / "argos-translate" / "packages" / f"{options.src}_{options.tgt}"
    shutil.copytree(options.model, package / "model")
    shutil.copy(options.pieces, package / "sentencepiece.model")
    about = {
        "package_version": "1.0",
        "argos_version": "1.12",
        "from_code": options.src,
        "from_name": options.src,
        "to_code": options.tgt,
        "to_name": options.tgt,
    }
    (package / "metadata.json").write_text(json.dumps(about), encoding="utf-8")


if __name__ == "__main__":
    main()
