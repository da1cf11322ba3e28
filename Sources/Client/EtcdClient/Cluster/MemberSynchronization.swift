internal import Logging

/// Replaces the endpoints by those of the members, again and again.
struct MemberSynchronization: Sendable {
    let interval: Duration
    let cluster: ClusterCalls
    let logger: Logger?

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await cluster.synchronizeEndpoints()
            } catch {
                logger?.info(
                    "cannot read the members", metadata: ["etcd.error": "\(error)"])
            }
            try? await Task.sleep(for: interval)
        }
    }
}
