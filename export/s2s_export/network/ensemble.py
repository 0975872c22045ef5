"""Several decoders in one step of the graph: ``s2s.model.ensemble``."""

from collections.abc import Iterator, Sequence

from s2s_export.graph.arithmetic import MemoryTensor, StateTensor
from s2s_export.graph.builder import Graph, Value
from s2s_export.network.attention import MemoryValues
from s2s_export.network.decoder import DecoderStateValues, DecoderWriter


def member_prefix(number: int) -> str:
    """Returns the prefix of the names of a member's weights, as in the torch ensemble."""
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
        """Writes one step of the search; logits and attention are means over the members.

        The members' logits are not normalised: ``s2s.model.ensemble`` says why that is not needed.
        Forbidden pieces have minus infinity in all members, and so in the mean.
        """
        steps = []
        members = zip(self._decoders, memory, state, strict=True)
        for number, (decoder, member_memory, member_state) in enumerate(members):
            with graph.prefixed(member_prefix(number)):
                steps.append(decoder.step(graph, tokens, member_memory, member_state))
        logits, attention, states = zip(*steps, strict=True)
        return _mean(graph, logits), _mean(graph, attention), list(states)

    def memory_tensors(self, memory: Sequence[MemoryValues]) -> list[MemoryTensor]:
        """Lists the tensors of all members' memories whose first axis is sentences."""
        members = zip(self._decoders, memory, strict=True)
        return [
            tensor
            for decoder, member_memory in members
            for tensor in decoder.memory_tensors(member_memory)
        ]

    def with_memory_tensors(
        self, memory: Sequence[MemoryValues], values: Iterator[Value]
    ) -> list[MemoryValues]:
        """Returns the memories with the next ``values`` for the tensors that were listed."""
        members = zip(self._decoders, memory, strict=True)
        return [
            decoder.with_memory_tensors(member_memory, values) for decoder, member_memory in members
        ]

    def state_tensors(
        self, graph: Graph, state: Sequence[DecoderStateValues]
    ) -> list[list[StateTensor]]:
        """Lists the tensors of all members' states, a list for each signal."""
        members = zip(self._decoders, state, strict=True)
        return [
            signal
            for decoder, member_state in members
            for signal in decoder.state_tensors(graph, member_state)
        ]

    def with_state_tensors(
        self,
        state: Sequence[DecoderStateValues],
        tensors: Iterator[list[StateTensor]],
        values: Iterator[Value],
    ) -> list[DecoderStateValues]:
        """Returns the states with the next ``values`` for the next ``tensors``."""
        members = zip(self._decoders, state, strict=True)
        return [
            decoder.with_state_tensors(member_state, tensors, values)
            for decoder, member_state in members
        ]


def _mean(graph: Graph, values: Sequence[Value]) -> Value:
    """Writes the mean of tensors of one shape, added from first to last as in torch."""
    return graph.op("Div", graph.op("Sum", *values), float(len(values)))
