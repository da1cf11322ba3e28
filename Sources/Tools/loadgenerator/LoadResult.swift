/// What a run has measured.
struct LoadResult: Sendable {
    var requests = 0
    var errors = 0
    /// The first error's text, so that a run that failed says why.
    var firstError: String?
    var bytesReceived = 0
    var beganNanoseconds: UInt64 = 0
    var endedNanoseconds: UInt64 = 0
    var latencies = LatencyHistogram()
    var phases = LoadPhases()

    /// Counts a request that was due at `due` and answered, or failed, at `answered`.
    mutating func record(due: UInt64, answered: UInt64, bytes: Int, failure: String?) {
        let latency = answered - min(due, answered)
        endedNanoseconds = max(endedNanoseconds, answered)
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
