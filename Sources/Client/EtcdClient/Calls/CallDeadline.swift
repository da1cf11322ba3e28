internal import MonotonicClock
internal import NIOCore

/// When a call ends, repetitions and waits included.
struct CallDeadline: Sendable {
    /// Longer timeouts are as good as none.
    private static let timeoutMax = Duration.seconds(10 * 365 * 24 * 3600)

    let end: NIODeadline

    init(after timeout: Duration) {
        end = .now() + TimeAmount(min(max(timeout, .zero), Self.timeoutMax))
    }

    var remaining: TimeSpan {
        TimeSpan(nanoseconds: max((end - .now()).nanoseconds, 0))
    }

    /// Requires that the deadline has not passed.
    func check() throws(EtcdClientError) {
        guard remaining > .zero else { throw .deadlineExceeded }
    }

    /// Waits; throws `deadlineExceeded` at once if the deadline is earlier.
    func pause(_ duration: Duration) async throws(EtcdClientError) {
        guard remaining > TimeSpan(duration) else { throw .deadlineExceeded }
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw .cancelled
        }
    }
}
