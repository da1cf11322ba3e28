import EtcdAPI
import ReplicaRuntime

/// Work that falls to the leader at each interval; the others look whether they lead by then.
struct LeaderDuty: Sendable {
    let runtime: ReplicaRuntime
    let logger: ServerLogger
    /// What the log says when the work fails; it is tried again at the next interval.
    let failure: String

    /// Runs until the task is cancelled or the member has stopped.
    func run(
        every interval: Duration, _ work: () async throws(EtcdError) -> Void
    ) async {
        while (try? await Task.sleep(for: interval)) != nil {
            guard runtime.status.isLeader else { continue }
            do throws(EtcdError) {
                try await work()
            } catch {
                guard error != .stopped else { return }
                logger.warn(failure, ["error": .string(error.message)])
            }
        }
    }
}
