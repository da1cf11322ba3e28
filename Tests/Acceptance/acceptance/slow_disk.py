"""A slow disk for a running process: strace delays each fdatasync and fsync.

Needs strace and permission to trace (root, or ptrace_scope 0 and the same user).
"""
import contextlib
import pathlib
import subprocess
import time

ATTACH_SECONDS = 20


@contextlib.contextmanager
def slow_disk(process_id, seconds):
    """Delays each fdatasync and fsync that the process starts in the body by this many seconds.

    The delay is in effect when the body begins. At the end, delayed calls continue at once.
    """
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e",
         f"inject=fdatasync,fsync:delay_enter={int(seconds * 1e6)}", "-p", str(process_id)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_attached(tracer, process_id)
        yield
    finally:
        if tracer.poll() is None:
            tracer.terminate()
        errors = tracer.communicate(timeout=60)[1]
        wait_detached(process_id, errors)


def tracers(process_id):
    """The tracer of each thread of a process, 0 for none. Empty once the process has ended."""
    found = set()
    for status in pathlib.Path(f"/proc/{process_id}/task").glob("*/status"):
        with contextlib.suppress(OSError):  # the thread has ended
            words = status.read_text().split("TracerPid:", 1)[1].split(None, 1)
            found.add(int(words[0]))
    return found


def wait_attached(tracer, process_id):
    end = time.monotonic() + ATTACH_SECONDS
    while tracers(process_id) != {tracer.pid}:
        if tracer.poll() is not None:
            raise AssertionError(f"strace cannot attach: {tracer.communicate()[1]}")
        if time.monotonic() > end:
            raise AssertionError(f"strace has not attached to all threads: {tracers(process_id)}")
        time.sleep(0.01)


def wait_detached(process_id, errors):
    end = time.monotonic() + ATTACH_SECONDS
    while tracers(process_id) - {0}:
        if time.monotonic() > end:
            raise AssertionError(f"strace has not detached from the process: {errors}")
        time.sleep(0.01)
