"""A model file in onnxruntime, called like the torch search."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from s2s.config import SearchConfig
from s2s.formats.model_file import OUTPUTS
from s2s.formats.option_inputs import DEFAULTS, DETAILS, opened
from s2s.runtime.backend import SearchBatch, graph_inputs
from s2s.runtime.onnx_backend import session_options
from s2s.runtime.providers import import_onnxruntime
from s2s.search.beam import Hypotheses
from s2s.search.candidates import Constraints


class Session:
    """A model in onnxruntime on the CPU, with torch tensors in and out."""

    def __init__(
        self,
        model: bytes,
        threads: int = 1,
        own: Mapping[str, Any] = DEFAULTS,
        *,
        fixed: bool = False,
    ) -> None:
        """Loads a model.

        Args:
            model: The file's bytes.
            threads: Threads that share a batch.
            own: Its constants, see ``s2s.formats.option_inputs``.
            fixed: Whether its search is fixed.
        """
        self._own = own
        self._session = import_onnxruntime().InferenceSession(
            opened(model, fixed=fixed), session_options(threads), providers=["CPUExecutionProvider"]
        )

    def search(
        self,
        src: Tensor,
        src_lengths: Tensor,
        config: SearchConfig,
        constraints: Constraints | None = None,
    ) -> Hypotheses:
        """Translates as ``beam_search`` does, without details: ``log_probs`` is empty."""
        hypotheses, lengths, scores = self._run(OUTPUTS, src, src_lengths, config, constraints)
        return Hypotheses(hypotheses, lengths, scores, torch.zeros(0))

    def search_with_details(
        self,
        src: Tensor,
        src_lengths: Tensor,
        config: SearchConfig,
        constraints: Constraints | None = None,
    ) -> tuple[Hypotheses, Tensor]:
        """Translates, and also returns the attention (batch, beam, tgt_len, src_len)."""
        names = [*OUTPUTS, *DETAILS]
        *hypotheses, attention = self._run(names, src, src_lengths, config, constraints)
        return Hypotheses(*hypotheses), attention

    def _run(
        self,
        names: Sequence[str],
        src: Tensor,
        src_lengths: Tensor,
        config: SearchConfig,
        constraints: Constraints | None,
    ) -> list[Tensor]:
        prefix, bias = (
            None if tensor is None else tensor.numpy() for tensor in constraints or Constraints()
        )
        batch = SearchBatch(src.numpy(), src_lengths.numpy(), prefix, bias)
        inputs = graph_inputs(batch, config, self._own, details=len(names) > len(OUTPUTS))
        return [torch.from_numpy(np.array(output)) for output in self._session.run(names, inputs)]
