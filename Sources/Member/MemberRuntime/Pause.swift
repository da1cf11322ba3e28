import Glibc
import MonotonicClock

/// Puts the current thread to sleep.
func pause(_ time: TimeSpan) {
    guard time > .zero else { return }
    usleep(useconds_t(clamping: time.nanoseconds / 1000))
}
