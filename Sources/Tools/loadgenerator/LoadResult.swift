internal import MonotonicClock

/// The measurements of a run.
struct LoadResult: Sendable {
    var requests = 0
    var errors = 0
    /// The text of the first error.
    var firstError: String?
    var bytesReceived = 0
    var beganAt = MonotonicTime.zero
    var endedAt = MonotonicTime.zero
    var latencies = LatencyHistogram()
    var phases = LoadPhases()

    /// Records a request that was due at `due` and completed or failed at `completed`.
    mutating func record(due: MonotonicTime, completed: MonotonicTime, bytes: Int, failure: String?)
    {
        let latency = completed - min(due, completed)
        endedAt = max(endedAt, completed)
        bytesReceived += bytes
        phases.record(due: due, latency: latency, isError: failure != nil)
        guard let failure else {
            requests += 1
            latencies.record(latency)
            return
        }
        fail(failure)
    }

    mutating func fail(_ text: String) {
        errors += 1
        firstError = firstError ?? text
    }

    mutating func merge(_ other: LoadResult) {
        requests += other.requests
        errors += other.errors
        firstError = firstError ?? other.firstError
        bytesReceived += other.bytesReceived
        beganAt = min(beganAt, other.beganAt)
        endedAt = max(endedAt, other.endedAt)
        latencies.merge(other.latencies)
        phases.merge(other.phases)
    }

    var seconds: Double {
        (endedAt - min(beganAt, endedAt)).seconds
    }
}
