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
}
