import EtcdClient
import Logging
import ServiceLifecycle

/// Keeps a copy of all keys below a prefix, and logs each change.
struct ConfigurationWatcher: Service {
    let client: EtcdClient
    let prefix: String
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

    /// Reads the configuration, then follows its changes until a compaction removes the history
    /// that the watch needs.
    private func follow() async throws {
        let current = try await client.range(.prefix(prefix))
        var configuration: [String: String] = [:]
        for pair in current.pairs { configuration[pair.keyText] = pair.text }
        log(configuration)
        let next = current.header.revision.next
        do {
            for try await update in client.watch(.prefix(prefix), WatchOptions(from: next)) {
                guard !update.events.isEmpty else { continue }
                for event in update.events {
                    configuration[event.pair.keyText] =
                        event.kind == .put ? event.pair.text : nil
                }
                log(configuration)
            }
        } catch {
            guard case .compacted = error.reason else { throw error }
            logger.info("reads the configuration again", metadata: ["reason": "\(error)"])
        }
    }

    private func log(_ configuration: [String: String]) {
        let settings = configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        logger.info("configuration: \(settings.joined(separator: " "))")
    }
}
