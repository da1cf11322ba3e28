import EtcdClient
import Logging
import ServiceLifecycle

/// Registers one instance of a service: a key with its address, which lives as long as this process.
struct Registration: Service {
    let client: EtcdClient
    let service: String
    let address: String
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled { try await register() }
        }
    }

    private func register() async throws {
        do {
            try await client.withLease(ttl: .seconds(5)) { lease in
                let key = "services/\(service)/\(lease.id)"
                try await client.put(key, address, lease: lease.id)
                logger.info("registered \(address)")
                while true { try await Task.sleep(for: .seconds(3600)) }
            }
        } catch is CancellationError {
            // The lease is revoked, and the key deleted.
            logger.info("deregistered \(address)")
        } catch let error as EtcdClientError {
            switch error.reason {
            case .cancelled: logger.info("deregistered \(address)")
            case .leaseLost: logger.warning("registers again", metadata: ["reason": "\(error)"])
            default: throw error
            }
        }
    }
}
