"""Options of ``s2s export`` alone, in the groups of its help page."""

from pathlib import Path
from typing import Annotated

from s2s.cli.options import SEARCH, option

TRITON = "Triton Inference Server"

FixedSearch = Annotated[
    bool,
    option(
        "--fixed-search",
        panel=SEARCH,
        help_="Make all values of the search constants of the file, for servers that batch "
        "requests; no call can change them.",
    ),
]
Triton = Annotated[
    Path | None,
    option(
        panel=TRITON,
        help_="Write a folder for Triton into this model repository, too; needs --fixed-search.",
        metavar="DIR",
        default=False,
    ),
]
TritonName = Annotated[
    str | None,
    option(
        "--triton-name",
        panel=TRITON,
        help_="Give the model this name.",
        metavar="NAME",
        default="the name of OUT.onnx",
    ),
]
TritonDevice = Annotated[
    str,
    option(
        "--triton-device",
        panel=TRITON,
        help_="Run it on this processor; cuda is for fp32.",
        choices=("cpu", "cuda"),
    ),
]
TritonLibrary = Annotated[
    str | None,
    option(
        "--triton-library",
        panel=TRITON,
        help_="Load onnxruntime-extensions from this path on the server; for --text.",
        metavar="FILE",
        default="libortextensions.so",
    ),
]
