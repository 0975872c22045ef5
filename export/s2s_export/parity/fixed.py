"""Checks that a file whose search is fixed translates as it does when it is opened.

Opened, its search values are inputs (``s2s.formats.option_inputs``), as those of any file, and it
is compared with torch in that form. As it is, onnxruntime knows them when it loads the file, and
computes beforehand what follows from them.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from s2s.config import SearchConfig
from s2s.errors import ParityError
from s2s.formats.model_file import OUTPUTS
from s2s.runtime.onnx_backend import session_options
from s2s.runtime.providers import import_onnxruntime
from s2s_export.parity.session import Session

TOLERANCE = 1e-5
"""Largest difference accepted between scores, in nats. None was seen."""


def check_closed(
    session: Session,
    serialized: bytes,
    search: SearchConfig,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> None:
    """Compares a file as it is with the same file when it is opened.

    Args:
        session: The file, opened.
        serialized: The file's bytes.
        search: The values of its constants.
        batches: Sources (batch, src_len) and their lengths (batch,), both int64.

    Raises:
        ParityError: If a hypothesis, a length or a score differs.
    """
    closed = import_onnxruntime().InferenceSession(
        serialized, session_options(), providers=["CPUExecutionProvider"]
    )
    for src, src_lengths in batches:
        inputs = {"src": src.numpy(), "src_lengths": src_lengths.numpy()}
        actual = [torch.from_numpy(output) for output in closed.run(list(OUTPUTS), inputs)]
        opened = session.search(src, src_lengths, search)
        expected = (opened.tokens, opened.lengths, opened.scores)
        for name, one, other in zip(OUTPUTS, actual, expected, strict=True):
            if one.shape != other.shape or not torch.allclose(one, other, rtol=0, atol=TOLERANCE):
                raise ParityError(
                    f"a batch of {len(src)} sentences has other {name} with the fixed search than "
                    "with the same search as inputs"
                )
