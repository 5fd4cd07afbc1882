"""A gate for streams: everything launched on a closed stream waits until the test opens the gate.

It is made of documented parts only: a callback in blocking mode whose function waits for the test.
"""

import threading


class Gate:
    """close(stream) blocks a stream, open() lets all of them go on, finish() ends the callback thread."""

    def __init__(self, acl, context: int) -> None:
        self._acl = acl
        self._opened = threading.Event()
        self._ended = threading.Event()
        self._streams: list[int] = []
        self._thread, ret = acl.util.start_thread(self._serve, [context])
        assert ret == 0

    def close(self, stream: int) -> None:
        assert self._acl.rt.subscribe_report(self._thread, stream) == 0
        self._streams.append(stream)
        assert self._acl.rt.launch_callback(self._wait, [], 1, stream) == 0

    def open(self) -> None:
        self._opened.set()

    def finish(self) -> None:
        self.open()
        for stream in self._streams:
            self._acl.rt.synchronize_stream(stream)
            assert self._acl.rt.unsubscribe_report(self._thread, stream) == 0
        self._streams.clear()
        self._ended.set()
        assert self._acl.util.stop_thread(self._thread) == 0

    def _serve(self, arguments: list[int]) -> None:
        assert self._acl.rt.set_context(arguments[0]) == 0
        while not self._ended.is_set():
            self._acl.rt.process_report(10)

    def _wait(self, _: list) -> None:
        self._opened.wait(60)
