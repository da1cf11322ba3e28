import Glibc
package import ServerLogging

/// How many descriptors the process may have open, and how they are divided.
///
/// As in etcd, 150 are kept for everything but client connections: listeners and event loops (30),
/// the log, the database, snapshots and log outputs (30), and the connections from and to other
/// members and from readers of metrics. Not even these may take the last one: the Swift runtime ends the process when it cannot
/// open a file of /proc (`workqueue: worker thread exited prematurely`).
package struct DescriptorLimits: Equatable, Sendable {
    /// Descriptors that client connections do not take.
    package static let reservedCount = 150

    /// Of these, connections from other members: eight members with two streams and four requests.
    private static let peerConnectionsMin = 48

    /// Connections from other members in a process with many descriptors.
    private static let peerConnectionsMax = 512

    /// Of the reserved ones, connections to the metrics listeners.
    private static let metricsConnectionsMin = 16

    /// Connections to the metrics listeners in a process with many descriptors.
    private static let metricsConnectionsMax = 256

    /// Of the reserved ones, descriptors that are held open for the files of the member.
    static let filesReserveCount = 16

    /// Descriptors that the process may have open (the soft limit RLIMIT_NOFILE).
    package let descriptorsMax: Int

    package init(descriptorsMax: Int) {
        self.descriptorsMax = descriptorsMax
    }

    /// Client connections that may be open at once; 0 when the limit is too low to serve.
    package var clientConnectionsMax: Int {
        let surplus =
            peerConnectionsMax - Self.peerConnectionsMin
            + metricsConnectionsMax - Self.metricsConnectionsMin
        return max(0, descriptorsMax - Self.reservedCount - surplus)
    }

    /// Connections from other members that may be open at once.
    package var peerConnectionsMax: Int {
        min(max(descriptorsMax / 32, Self.peerConnectionsMin), Self.peerConnectionsMax)
    }

    /// Connections to the metrics listeners that may be open at once. They have no share in those of
    /// clients, so that a member can be observed when these are at their limit.
    package var metricsConnectionsMax: Int {
        min(max(descriptorsMax / 64, Self.metricsConnectionsMin), Self.metricsConnectionsMax)
    }

    /// Raises the soft limit to the hard one, as the Go runtime does for etcd. When the system
    /// refuses, the present limit stays.
    package static func raise() -> DescriptorLimits {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else {
            // The smallest limit of any Linux by default.
            return DescriptorLimits(descriptorsMax: 1024)
        }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if limit.rlim_cur < limit.rlim_max, setrlimit(resource, &raised) == 0 { limit = raised }
        return DescriptorLimits(descriptorsMax: Int(clamping: limit.rlim_cur))
    }

    /// Ends the process when the limit leaves nothing for clients, as etcd does.
    package func requireSufficient(logger: ServerLogger) {
        guard clientConnectionsMax == 0 else { return }
        logger.fatal(
            "file descriptor limit of etcd process is too low; please set higher",
            [
                "limit": .integer(Int64(descriptorsMax)),
                "recommended-limit": .integer(Int64(Self.reservedCount)),
            ])
    }

    /// Whether so many open descriptors are worth a warning: 80 %, as in etcd.
    func isNearlyUsed(by openCount: Int) -> Bool { openCount >= descriptorsMax / 5 * 4 }
}
