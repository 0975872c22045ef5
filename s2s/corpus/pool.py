"""Chunks of text cut into pieces by processes of their own, as many as there are cores.

The processes are plain children that run ``s2s.corpus.worker``. multiprocessing would import the
user's script once more (spawn, forkserver), which need not be guarded against it, or copy a process
with torch's threads in it (fork).
"""

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from s2s.corpus.chunks import Chunk, ChunkEncoder, Filter, Resample, TokenizedChunk
from s2s.corpus.worker import pack_job, pack_tokenizer, receive, send, unpack_encoded
from s2s.errors import TrainingError
from s2s.machine import available_cores
from s2s.tokenizer import Tokenizer

SMALL = 4
"""Chunks that are encoded sooner in this process than others are started for them."""
_PATIENCE = 5.0  # seconds for a process to end

Job = tuple[Chunk, Filter | Resample]


class TokenizerPool:
    """Encodes chunks, in this process if they are few and else in others; to be closed."""

    def __init__(self, tokenizer: Tokenizer, workers: int | None = None) -> None:
        """Makes an encoder; processes are started when they are first needed.

        Args:
            tokenizer: Of the run.
            workers: Processes; None takes one a core. The results do not depend on it.
        """
        self._tokenizer = tokenizer
        self._encode = ChunkEncoder(tokenizer)
        self._count = workers or available_cores()
        self._workers: list[_Worker] = []
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False
        self._starting = threading.Lock()

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that were started."""
        return [worker.process.pid for worker in self._workers]

    def map(self, jobs: Iterable[Job]) -> Iterator[TokenizedChunk]:
        """Yields what ``ChunkEncoder`` makes of each job, in their order.

        Raises:
            TrainingError: If a process cannot be started, or dies.
        """
        jobs = iter(jobs)
        head = list(islice(jobs, SMALL + 1))
        if len(head) <= SMALL and self._threads is None:
            for job in head:
                self._check_open()
                yield self._encode(*job)
            return
        threads = self._start()
        waiting: deque[Future[TokenizedChunk]] = deque()
        for job in chain(head, jobs):
            if len(waiting) == 2 * self._count:  # one at work and one at the ready for each
                yield self._result(waiting.popleft())
            self._check_open()
            waiting.append(threads.submit(self._ask, job))
        while waiting:
            yield self._result(waiting.popleft())

    def close(self) -> None:
        """Ends the processes, whatever they do; a ``map`` under way in a thread is an error."""
        with self._starting:
            self._closed = True
        for worker in self._workers:
            worker.kill()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise TrainingError("the encoder was closed while it was at work")

    def _start(self) -> ThreadPoolExecutor:
        with self._starting:
            self._check_open()
            if self._threads is None:
                for _ in range(self._count):
                    worker = _Worker(self._tokenizer)
                    self._workers.append(worker)
                    self._idle.put(worker)
                # A thread for each process writes a chunk and reads its answer: were one thread to
                # write to all, it could be stuck at one whose answer nobody reads.
                self._threads = ThreadPoolExecutor(self._count, "s2s-encode")
            return self._threads

    def _result(self, future: Future[TokenizedChunk]) -> TokenizedChunk:
        try:
            return future.result()
        except (CancelledError, TrainingError):
            self._check_open()
            raise

    def _ask(self, job: Job) -> TokenizedChunk:
        worker = self._idle.get()
        try:
            return worker.ask(job)
        finally:
            self._idle.put(worker)


class _Worker:
    """One process."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        # The child finds the same s2s, whatever its folder; OpenBLAS would start threads there.
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OPENBLAS_NUM_THREADS": "1",
        }
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115
            # In a process group of its own, Ctrl-C reaches the parent alone, which then decides.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "s2s.corpus.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                process_group=0,
            )
        except OSError as error:
            raise TrainingError(f"cannot start an encoding process: {error.strerror}") from error
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._requests, self._answers = self.process.stdin, self.process.stdout
        self._tokenizer: Tokenizer | None = tokenizer

    def ask(self, job: Job) -> TokenizedChunk:
        """Returns the answer to ``job``."""
        try:
            if self._tokenizer is not None:
                send(self._requests, *pack_tokenizer(self._tokenizer))
                self._tokenizer = None
            send(self._requests, *pack_job(*job))
            answer = receive(self._answers)
        except (OSError, EOFError):
            answer = None
        if answer is None:
            raise TrainingError(self._death())
        return unpack_encoded(answer)

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        self.process.wait()
        self._answers.close()
        with contextlib.suppress(OSError):  # what a dead process left unread
            self._requests.close()
        self._errors.close()

    def _death(self) -> str:
        """Returns how the process ended, in one line."""
        try:
            status = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:  # its pipes are closed, but it does not end
            self.process.kill()
            status = self.process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
        return f"an encoding process {how}: {last}"
