import Glibc

/// Lets the present thread sleep.
func pauseMilliseconds(_ milliseconds: Int) {
    guard milliseconds > 0 else { return }
    usleep(useconds_t(milliseconds) * 1000)
}
