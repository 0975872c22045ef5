"""Converts a checkpoint of OpenNMT-py to CTranslate2 in int8.

    PYTHON convert_ctranslate2.py CHECKPOINT FOLDER

PYTHON has OpenNMT-py and ctranslate2. Its default attention, ``scaled-dot-flash``, computes what
``scaled-dot`` does, but the converter knows only that name.
"""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import ctranslate2
import torch


def main() -> None:
    """Renames the attention and converts."""
    torch.serialization.add_safe_globals([Namespace])  # the converter reads weights only
    checkpoint = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
    checkpoint["opt"].self_attn_type = "scaled-dot"
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.pt"
        torch.save(checkpoint, path)
        ctranslate2.converters.OpenNMTPyConverter(str(path)).convert(
            sys.argv[2], quantization="int8"
        )


if __name__ == "__main__":
    main()
