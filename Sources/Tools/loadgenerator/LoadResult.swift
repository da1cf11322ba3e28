/// The measurements of a run.
struct LoadResult: Sendable {
    var requests = 0
    var errors = 0
    /// The text of the first error.
    var firstError: String?
    var bytesReceived = 0
    var beganNanoseconds: UInt64 = 0
    var endedNanoseconds: UInt64 = 0
    var latencies = LatencyHistogram()
    var phases = LoadPhases()

    /// Records a request that was due at `due` and completed or failed at `completed`.
    mutating func record(due: UInt64, completed: UInt64, bytes: Int, failure: String?) {
        let latency = completed - min(due, completed)
        endedNanoseconds = max(endedNanoseconds, completed)
        bytesReceived += bytes
        phases.record(due: due, latencyNanoseconds: latency, isError: failure != nil)
        guard let failure else {
            requests += 1
            latencies.record(nanoseconds: latency)
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
        beganNanoseconds = min(beganNanoseconds, other.beganNanoseconds)
        endedNanoseconds = max(endedNanoseconds, other.endedNanoseconds)
        latencies.merge(other.latencies)
        phases.merge(other.phases)
    }

    var seconds: Double {
        Double(endedNanoseconds - min(beganNanoseconds, endedNanoseconds)) / 1e9
    }
}
