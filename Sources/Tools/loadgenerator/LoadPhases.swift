internal import MonotonicClock

/// A run divided into phases with separate results.
///
/// A request belongs to the phase in which it was due, so one delayed by a pause counts in the
/// phase of the pause even if its response arrives later. Failed requests count with their
/// duration: leaving them out would hide the longest waits.
struct LoadPhases: Sendable {
    /// One phase; it lasts until the next begins.
    struct Phase: Sendable {
        let beganAt: MonotonicTime
        fileprivate(set) var requests = 0
        fileprivate(set) var errors = 0
        fileprivate(set) var latencies = LatencyHistogram()
    }

    private(set) var phases: [Phase] = []

    mutating func begin(at time: MonotonicTime) {
        phases.append(Phase(beganAt: time))
    }

    /// Counts a request that was due at `due`; nothing is counted before the first phase begins.
    mutating func record(due: MonotonicTime, latency: TimeSpan, isError: Bool) {
        guard !phases.isEmpty else { return }
        let index = phases.lastIndex { $0.beganAt <= due } ?? 0
        phases[index].requests += 1
        phases[index].errors += isError ? 1 : 0
        phases[index].latencies.record(latency)
    }

    /// Adds the same phases as another event loop has measured them.
    mutating func merge(_ other: LoadPhases) {
        for (index, phase) in other.phases.enumerated() {
            guard index < phases.count else {
                phases.append(phase)
                continue
            }
            phases[index].requests += phase.requests
            phases[index].errors += phase.errors
            phases[index].latencies.merge(phase.latencies)
        }
    }

    /// Seconds that the phase with number `index` lasted in a run that ended at `end`.
    func seconds(of index: Int, endedAt end: MonotonicTime) -> Double {
        let began = phases[index].beganAt
        let next = index + 1 < phases.count ? phases[index + 1].beganAt : end
        return (max(next, began) - began).seconds
    }
}
