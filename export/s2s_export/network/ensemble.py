"""Several decoders in one step of the graph: ``s2s.model.ensemble``."""

from collections.abc import Iterable, Sequence

from s2s_export.graph.arithmetic import MemoryTensor, StateTensor
from s2s_export.graph.builder import Graph, Value
from s2s_export.network.attention import MemoryValues
from s2s_export.network.decoder import DecoderStateValues, DecoderWriter


def member_prefix(number: int) -> str:
    """Returns what stands before the names of a member's weights, as in the torch ensemble."""
    return f"members.{number}."


class EnsembleWriter:
    """Writes one step of all members, each with its own memory and state.

    See ``s2s_export.search.steps.StepWriter``.
    """

    def __init__(self, decoders: Sequence[DecoderWriter]) -> None:
        self._decoders = decoders

    def step(
        self,
        graph: Graph,
        tokens: Value,
        memory: Sequence[MemoryValues],
        state: Sequence[DecoderStateValues],
    ) -> tuple[Value, Value, list[DecoderStateValues]]:
        """Writes one step of the search; logits and attention are the means of the members'.

        They lack what the members' softmax would take away: ``s2s.model.ensemble`` says why none
        is needed. Forbidden pieces have minus infinity in all members, and so in the mean.
        """
        logits, looked, states = [], [], []
        members = zip(self._decoders, memory, state, strict=True)
        for number, (decoder, own, before) in enumerate(members):
            with graph.prefixed(member_prefix(number)):
                said, attention, new = decoder.step(graph, tokens, own, before)
            logits.append(said)
            looked.append(attention)
            states.append(new)
        # Added from first to last, as in torch.
        means = [
            graph.op("Div", graph.op("Sum", *each), float(len(each))) for each in (logits, looked)
        ]
        return means[0], means[1], states

    def memory_tensors(self, memory: Sequence[MemoryValues]) -> list[MemoryTensor]:
        """Lists the tensors of each member's memory, sentences first."""
        members = zip(self._decoders, memory, strict=True)
        return [part for decoder, own in members for part in decoder.memory_tensors(own)]

    def with_memory_tensors(
        self, memory: Sequence[MemoryValues], names: Iterable[Value]
    ) -> list[MemoryValues]:
        """Returns the memories with the tensors that ``memory_tensors`` listed replaced."""
        rest = iter(names)
        members = zip(self._decoders, memory, strict=True)
        return [decoder.with_memory_tensors(own, rest) for decoder, own in members]

    def state_tensors(
        self, graph: Graph, state: Sequence[DecoderStateValues]
    ) -> list[list[StateTensor]]:
        """Lists the tensors of each signal of each member's state."""
        return [
            listed
            for decoder, own in zip(self._decoders, state, strict=True)
            for listed in decoder.state_tensors(graph, own)
        ]

    def with_state_tensors(
        self,
        state: Sequence[DecoderStateValues],
        carried: Iterable[list[StateTensor]],
        names: Iterable[Value],
    ) -> list[DecoderStateValues]:
        """Returns the states with ``names`` for the tensors that ``state_tensors`` listed."""
        lists, rest = iter(carried), iter(names)
        return [
            decoder.with_state_tensors(own, lists, rest)
            for decoder, own in zip(self._decoders, state, strict=True)
        ]
