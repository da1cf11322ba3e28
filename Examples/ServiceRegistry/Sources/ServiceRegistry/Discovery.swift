import EtcdClient
import Logging
import ServiceLifecycle

/// Follows the instances of a service.
struct Discovery: Service {
    let client: EtcdClient
    let service: String
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                while true { try await follow() }
            } catch let error as EtcdClientError where error.reason == .cancelled {
                // The service group shuts down.
            }
        }
    }

    /// Reads the instances, then follows the changes until a compaction removes the history.
    private func follow() async throws {
        let keys = KeyRange.prefix("services/\(service)/")
        let current = try await client.range(keys)
        var instances: [[UInt8]: String] = [:]
        for pair in current.pairs { instances[pair.key] = pair.text }
        log(instances)
        do {
            let options = WatchOptions(from: current.header.revision.next)
            for try await update in client.watch(keys, options) where !update.events.isEmpty {
                for event in update.events {
                    instances[event.pair.key] = event.kind == .put ? event.pair.text : nil
                }
                log(instances)
            }
        } catch {
            guard case .compacted = error.reason else { throw error }
        }
    }

    private func log(_ instances: [[UInt8]: String]) {
        logger.info("instances: \(instances.values.sorted().joined(separator: " "))")
    }
}
