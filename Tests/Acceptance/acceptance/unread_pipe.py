"""A small pipe without a reader, for the log of a member."""
import contextlib
import fcntl
import os
import select
import threading

SIZE = 4096


class UnreadPipe:
    """A pipe that is not read until `read` is called."""

    def __init__(self):
        self.read_end, self.write_end = os.pipe()
        fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, SIZE)

    @property
    def is_full(self):
        return not select.select([], [self.write_end], [], 0)[1]

    def fill(self):
        """Fills the pipe: further writes block."""
        os.set_blocking(self.write_end, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self.write_end, bytes(SIZE))
        os.set_blocking(self.write_end, True)

    def read(self, lines):
        """Reads into the list in the background until all writers have closed the pipe."""
        def run():
            with open(self.read_end, errors="replace") as text:
                lines.extend(text)
        reader = threading.Thread(target=run)
        reader.start()
        return reader

    def close(self):
        os.close(self.write_end)
