"""Loading a SentencePiece model, and what must be true of one."""

from collections.abc import Sequence

import sentencepiece

from s2s.config import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from s2s.errors import ModelError
from s2s.tokenizer.tags import TAG
from s2s.tokenizer.target_share import target_share


def load_model(model: bytes, side: str) -> sentencepiece.SentencePieceProcessor:
    """Loads a model; ``side`` is its name in errors: ``source`` or ``target``.

    Raises:
        ModelError: If it is no SentencePiece model with the special pieces of s2s.
    """
    processor = sentencepiece.SentencePieceProcessor()
    try:
        # An empty model makes every later call fail; LoadFromSerializedProto accepts it.
        if not model:
            raise RuntimeError("it is empty")
        processor.LoadFromSerializedProto(model)
        # SentencePiece accepts any bytes as a piece, and fails only when the piece is shown.
        processor.id_to_piece(list(range(processor.get_piece_size())))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"the {side} tokenizer is not a SentencePiece model: {reason}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"the {side} tokenizer is damaged: a piece is not UTF-8") from error
    special = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if special != (PAD_ID, UNK_ID, BOS_ID, EOS_ID):
        raise ModelError(
            f"the {side} tokenizer has the ids pad, unk, bos, eos = {special}; expected "
            f"{(PAD_ID, UNK_ID, BOS_ID, EOS_ID)}: train SentencePiece with "
            "pad_id=0, unk_id=1, bos_id=2, eos_id=3"
        )
    return processor


def find_share(model: bytes, processor: sentencepiece.SentencePieceProcessor) -> int | None:
    """Returns how many pieces of a joint vocabulary are the target's; None if all are.

    Raises:
        ModelError: If the number is none that a vocabulary can have.
    """
    share, size = target_share(model), int(processor.get_piece_size())
    if share is not None and not EOS_ID + 1 < share <= size:
        raise ModelError(
            f"the joint tokenizer is damaged: {share} of its {size} pieces belong to the target; "
            f"expected {EOS_ID + 2} to {size}"
        )
    return share


def find_tags(
    processor: sentencepiece.SentencePieceProcessor, model: bytes, wanted: Sequence[str] | None
) -> tuple[str, ...]:
    """Returns the tags among the control pieces: those of ``wanted``, or all.

    Raises:
        ModelError: If the model lacks one.
    """
    tags: set[str] = set()
    if b"<2" in model:  # a look through all pieces takes milliseconds
        pieces = processor.id_to_piece(list(range(processor.get_piece_size())))
        tags = {
            piece
            for number, piece in enumerate(pieces)
            if TAG.fullmatch(piece) and processor.is_control(number)
        }
    if wanted is None:
        return tuple(sorted(tags))
    if missing := sorted(set(wanted) - tags):
        raise ModelError(
            f"the source tokenizer has no control piece {missing[0]}; it has "
            f"{', '.join(sorted(tags)) or 'no tags'}; extend the tokenizer, or train SentencePiece "
            "with control_symbols"
        )
    return tuple(sorted(set(wanted)))
