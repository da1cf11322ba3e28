import Prometheus
import ServerLogging

/// Warns while most descriptors are open: at the start and every ten minutes, as etcd does.
struct DescriptorMonitor {
    private static let interval = Duration.seconds(600)

    let limits: DescriptorLimits
    let logger: ServerLogger

    /// Runs until the task is cancelled.
    func run() async {
        repeat {
            warn()
        } while (try? await Task.sleep(for: Self.interval)) != nil
    }

    private func warn() {
        guard let count = ProcessCollector.openDescriptorCount() else {
            return logger.warn("failed to get file descriptor usage")
        }
        guard limits.isNearlyUsed(by: Int(count)) else { return }
        logger.warn(
            "80% of file descriptors are used",
            ["used": .integer(count), "limit": .integer(Int64(limits.descriptorsMax))])
    }
}
