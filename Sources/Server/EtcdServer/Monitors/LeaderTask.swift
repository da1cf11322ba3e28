import ServerLogging
import EtcdAPI
import MemberRuntime

/// Work that only the leader does, at each interval.
struct LeaderTask: Sendable {
    let runtime: MemberRuntime
    let logger: ServerLogger
    /// The log message when the work fails; it is retried at the next interval.
    let failure: String

    /// Runs until the task is cancelled or the member has stopped.
    func run(
        every interval: Duration, _ work: () async throws(EtcdError) -> Void
    ) async {
        while (try? await Task.sleep(for: interval)) != nil {
            guard runtime.replicaStatus.isLeader else { continue }
            do throws(EtcdError) {
                try await work()
            } catch {
                guard error != .stopped else { return }
                logger.warn(failure, ["error": .string(error.message)])
            }
        }
    }
}
