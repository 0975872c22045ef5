"""Converts a checkpoint of OpenNMT-py to CTranslate2 in int8.

    PYTHON convert_ctranslate2.py CHECKPOINT FOLDER

PYTHON has OpenNMT-py and ctranslate2. Its default attention, ``scaled-dot-flash``, computes what
``scaled-dot`` does, but the converter knows only that name.
"""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import ctranslate2
import torch

# Checkpoints hold one beside their weights.
torch.serialization.add_safe_globals([Namespace])


def convert(checkpoint: dict[str, Any], folder: Path) -> None:
    """Writes a checkpoint of OpenNMT-py as a model of CTranslate2."""
    checkpoint["opt"].self_attn_type = "scaled-dot"
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.pt"
        torch.save(checkpoint, path)
        converter = ctranslate2.converters.OpenNMTPyConverter(str(path))
        converter.convert(str(folder), quantization="int8")


def main() -> None:
    """Reads, and converts."""
    checkpoint = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    convert(checkpoint, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
