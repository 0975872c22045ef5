import os
import signal
import threading

import pytest

pytest.importorskip("torch")

from s2s.train import signals as signals_module
from s2s.train.signals import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_a_later_one_acts(number, monkeypatch):
    class SecondError(Exception):
        pass

    def act(_number, _frame):
        raise SecondError

    before = signal.signal(number, act)
    try:
        with StopSignals() as signals:
            assert signals.number == 0
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # sent on by a launcher
            assert signals.number == number
            monkeypatch.setattr(signals_module, "GRACE", 0.0)
            with pytest.raises(SecondError):
                os.kill(os.getpid(), number)
        assert signal.getsignal(number) is act
    finally:
        signal.signal(number, before)


def test_another_thread_notes_no_signal():
    handlers = []

    def enter():
        with StopSignals():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    before = signal.getsignal(signal.SIGINT)
    thread.start()
    thread.join()
    assert handlers == [before]
