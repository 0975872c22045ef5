"""Chunks tokenised by several processes, as many as there are cores.

The processes are plain children that run ``s2s.corpus.worker``. multiprocessing would either import
the user's script again (spawn, forkserver), which may have no ``__main__`` guard, or copy a process
in which torch has threads (fork).
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

from s2s.corpus.chunks import Chunk, ChunkTokenizer, Filter, Resample, TokenizedChunk
from s2s.corpus.worker import pack_job, pack_tokenizer, receive, send, unpack_answer
from s2s.errors import TrainingError
from s2s.machine import available_cores
from s2s.tokenizer import Tokenizer

SMALL = 4
"""So few chunks are tokenised in this process: starting others would take longer."""
_PATIENCE = 5.0  # seconds for a process to end

Job = tuple[Chunk, Filter | Resample]


class TokenizerPool:
    """Tokenises chunks: a few in this process, more in others. Close it after use."""

    def __init__(self, tokenizer: Tokenizer, workers: int | None = None) -> None:
        """Makes a pool; the processes are started when they are first needed.

        Args:
            tokenizer: Tokenizer of the run.
            workers: Number of processes; None: one a core. The results do not depend on it.
        """
        self._tokenizer = tokenizer
        self._tokenize = ChunkTokenizer(tokenizer)
        self._count = workers or available_cores()
        self._workers: list[_Worker] = []
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False
        self._starting = threading.Lock()

    @property
    def processes(self) -> list[int]:
        """Process ids of the processes that were started."""
        return [worker.process.pid for worker in self._workers]

    def map(self, jobs: Iterable[Job]) -> Iterator[TokenizedChunk]:
        """Yields what ``ChunkTokenizer`` makes of each job, in their order.

        Raises:
            TrainingError: If a process cannot be started, or dies.
        """
        jobs = iter(jobs)
        head = list(islice(jobs, SMALL + 1))
        if len(head) <= SMALL and self._threads is None:
            for job in head:
                self._check_open()
                yield self._tokenize(*job)
            return
        threads = self._start()
        waiting: deque[Future[TokenizedChunk]] = deque()
        for job in chain(head, jobs):
            if len(waiting) == 2 * self._count:  # each process has one job and one waiting
                yield self._result(waiting.popleft())
            self._check_open()
            waiting.append(threads.submit(self._ask, job))
        while waiting:
            yield self._result(waiting.popleft())

    def close(self) -> None:
        """Kills the processes; a ``map`` that runs in another thread ends with an error."""
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
            raise TrainingError("the tokenising processes were stopped while they were working")

    def _start(self) -> ThreadPoolExecutor:
        with self._starting:
            self._check_open()
            if self._threads is None:
                for _ in range(self._count):
                    worker = _Worker(self._tokenizer)
                    self._workers.append(worker)
                    self._idle.put(worker)
                # Each process has a thread that writes a chunk and reads the answer. A single
                # thread could block while it writes to a process whose answer nobody reads.
                self._threads = ThreadPoolExecutor(self._count, "s2s-tokenize")
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
        # PYTHONPATH: the child imports this s2s from any folder. OpenBLAS would start threads.
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OPENBLAS_NUM_THREADS": "1",
        }
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115
            # A process group of its own: Ctrl-C reaches the parent alone, which then decides.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "s2s.corpus.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                process_group=0,
            )
        except OSError as error:
            raise TrainingError(f"cannot start a tokenising process: {error.strerror}") from error
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
        return unpack_answer(answer)

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        self.process.wait()
        self._answers.close()
        with contextlib.suppress(OSError):  # a dead process has not read all
            self._requests.close()
        self._errors.close()

    def _death(self) -> str:
        """Returns how the process ended, in one line."""
        try:
            status = self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:  # the pipes are closed, but the process runs on
            self.process.kill()
            status = self.process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next(
            (line.strip() for line in reversed(lines) if line.strip()), "it printed no error"
        )
        return f"a tokenising process {how}: {last}"
