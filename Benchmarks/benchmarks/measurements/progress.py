"""Progress messages on standard error."""
import sys
import time


def report_progress(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
