import Glibc

/// Puts the current thread to sleep.
func pauseMilliseconds(_ milliseconds: Int) {
    guard milliseconds > 0 else { return }
    usleep(useconds_t(milliseconds) * 1000)
}
