import Glibc

/// What of the server looks after the cluster.
extension Server {
    /// Set in the environment to let the cluster's version be raised beyond the one that a former
    /// etcd has left (docs/decisions/0002).
    private static let raiseVariable = "SWIFT_ETCD_RAISE_CLUSTER_VERSION"

    var clusterMonitors: ClusterMonitors {
        ClusterMonitors(
            runtime: runtime, calls: peerCalls, logger: logger,
            downgradeInterval: configuration.downgradeCheckTime,
            isRaiseWanted: getenv(Self.raiseVariable).map { String(cString: $0) } == "true")
    }
}
