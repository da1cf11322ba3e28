import Glibc

/// The background tasks that monitor the cluster.
extension Server {
    /// Runs until the task is cancelled.
    func monitorCluster() async {
        let checks = corruptionChecks
        let configuration = self.configuration
        let descriptors = DescriptorMonitor(limits: limits, logger: logger)
        let monitors = ClusterMonitors(
            runtime: runtime, calls: peerCalls, logger: logger,
            downgradeInterval: configuration.downgradeCheckTime,
            isRaiseWanted: getenv(ClusterMonitors.raiseVariable)
                .map { String(cString: $0) } == "true")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await monitors.run() }
            group.addTask { await descriptors.run() }
            group.addTask { await checks.checkPeriodically(every: configuration.corruptCheckTime) }
            guard configuration.featureGates.isEnabled(.compactHashCheck) else { return }
            group.addTask {
                await checks.checkCompactions(every: configuration.compactHashCheckTime)
            }
        }
    }

    private var corruptionChecks: CorruptionChecks {
        CorruptionChecks(
            context: services.context, calls: peerCalls, localID: localID, logger: logger)
    }
}
