"""Configurations of a tokenizer, a model and a search.

Every configuration is frozen, checks itself when it is made, and survives a trip through JSON
(``to_dict``, ``from_dict``). ``None`` means "off".
"""

from s2s.config.base import Config, check_integer
from s2s.config.model import (
    Activation,
    AttentionKind,
    Cell,
    ContextKind,
    DropoutKind,
    ModelConfig,
    Tie,
)
from s2s.config.pieces import BOS_ID, EOS_ID, FORBIDDEN_IDS, PAD_ID, UNK_ID, widest_beam
from s2s.config.search import SearchConfig
from s2s.config.tokenizer import TokenizerConfig

__all__ = [
    "BOS_ID",
    "EOS_ID",
    "FORBIDDEN_IDS",
    "PAD_ID",
    "UNK_ID",
    "Activation",
    "AttentionKind",
    "Cell",
    "Config",
    "ContextKind",
    "DropoutKind",
    "ModelConfig",
    "SearchConfig",
    "Tie",
    "TokenizerConfig",
    "check_integer",
    "widest_beam",
]
