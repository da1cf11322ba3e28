import EtcdClient
import Logging
import ServiceLifecycle

/// One of several processes of which one works: the leader of an election.
struct ElectedWorker: Service {
    let client: EtcdClient
    let name: String
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled { try await campaign() }
        }
    }

    /// Waits for the leadership, and works until it is lost or the service group shuts down.
    private func campaign() async throws {
        do {
            try await client.withElection("worker", value: name, ttl: .seconds(5)) { leadership in
                logger.info("\(name) leads")
                while true {
                    try await work(leadership)
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        } catch is CancellationError {
            logger.info("\(name) resigns")
        } catch is LeadershipEnded {
            logger.info("\(name) does not lead any more")
        } catch let error as EtcdClientError {
            switch error.reason {
            case .cancelled: logger.info("\(name) resigns")
            case .leaseLost, .notElected: logger.info("\(name) does not lead any more")
            default: throw error
            }
        }
    }

    /// Does the next job. The transaction changes nothing once another process leads, however late
    /// this one notices that.
    private func work(_ leadership: Leadership) async throws {
        let last = try await client.get("jobs/last").flatMap { Int($0.text) } ?? 0
        let response = try await client.commit(
            .when(leadership.isHeld)
                .then(.put("jobs/last", "\(last + 1)"), .put("jobs/\(last + 1)", name)))
        guard response.succeeded else { throw LeadershipEnded() }
        logger.info("\(name) has done job \(last + 1)")
    }
}

/// Another process leads.
struct LeadershipEnded: Error {}
