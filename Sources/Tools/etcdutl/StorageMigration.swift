import Bolt
import MVCC
import Membership
import ServerLogging

/// The steps from one storage version to another, one minor version each. Between 3.5 and 3.7 a
/// step only records the version, which 3.5 does not do.
struct StorageMigration {
    private static let firstRecorded = SemanticVersion(3, 6)
    private static let known = SemanticVersion(3, 6)...SemanticVersion(3, 7)

    /// The version after each step.
    let steps: [SemanticVersion]

    init(
        from current: SemanticVersion, to target: SemanticVersion, log: LogVersion
    ) throws(ToolFailure) {
        let current = current.withoutPatch
        guard current.major == target.major else {
            ToolLog.logger.error(
                "Changing major storage version is not supported",
                [
                    "storage-version": .string(current.description),
                    "target-storage-version": .string(target.description),
                ])
            throw .operation(
                "cannot create migration plan: changing major storage version is not supported")
        }
        var steps: [SemanticVersion] = []
        var version = current
        while version != target {
            let isUpgrade = version < target
            let next = SemanticVersion(version.major, version.minor + (isUpgrade ? 1 : -1))
            let changed = max(version, next)
            guard Self.known.contains(changed) else {
                throw .operation(
                    "cannot create migration plan: version \"\(changed)\" is not supported")
            }
            steps.append(next)
            version = next
        }
        self.steps = steps
        if target < current, let minimal = log.minimal, target < minimal {
            throw .operation(
                "cannot downgrade storage, WAL contains newer entries, as the target version "
                    + "(\(target)) is lower than the version (\(minimal)) detected from WAL logs")
        }
    }

    /// Takes all steps in one transaction.
    func run(on bolt: Bolt) throws(ToolFailure) {
        guard let last = steps.last else { return }
        try Self.record(last, on: bolt)
        for step in steps {
            ToolLog.logger.info(
                "updated storage version", ["new-storage-version": .string(step.description)])
        }
    }

    /// Records a version without its steps.
    static func force(_ target: SemanticVersion, on bolt: Bolt) throws(ToolFailure) {
        try record(target, on: bolt)
        guard target >= firstRecorded else {
            return ToolLog.logger.warn("forcefully cleared storage version")
        }
        ToolLog.logger.warn(
            "forcefully set storage version", ["storage-version": .string(target.majorMinor)])
    }

    private static func record(_ version: SemanticVersion, on bolt: Bolt) throws(ToolFailure) {
        do throws(BoltError) {
            let transaction = bolt.beginWrite()
            do throws(BoltError) {
                let meta = try transaction.createBucketIfMissing(StoreBucket.meta)
                if version >= firstRecorded {
                    try meta.put(StoreBucket.storageVersion, Array(version.description.utf8))
                } else {
                    try meta.delete(StoreBucket.storageVersion)
                }
            } catch {
                transaction.rollback()
                throw error
            }
            try transaction.commit()
        } catch {
            throw .operation("\(error)")
        }
    }
}
