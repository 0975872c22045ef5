"""A model file in onnxruntime, called as the torch search is."""

import importlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from s2s.config import SearchConfig
from s2s.errors import MissingPackageError
from s2s.search import Hypotheses


class Session:
    """A model in onnxruntime on the CPU, with torch tensors in and out."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        try:
            onnxruntime: Any = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise MissingPackageError(
                "no onnxruntime found, which checks an exported model; install 's2s[cpu]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def search(self, src: Tensor, src_lengths: Tensor, config: SearchConfig) -> Hypotheses:
        """Translates as ``beam_search`` does."""
        outputs = self._session.run(
            ["hypotheses", "lengths", "scores"],
            {
                "src": src.numpy(),
                "src_lengths": src_lengths.numpy(),
                "beam_size": np.array(config.beam_size, dtype=np.int64),
                "max_length": np.array(config.max_length, dtype=np.int64),
                "length_penalty": np.array(config.length_penalty, dtype=np.float32),
            },
        )
        return Hypotheses(*(torch.from_numpy(np.array(output)) for output in outputs))
