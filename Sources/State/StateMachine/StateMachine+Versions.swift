import Bolt
import MVCC
package import Membership

/// The cluster version and the storage version.
extension StateMachine {
    /// The first version that records a storage version in the database.
    private static let firstRecordedVersion = SemanticVersion(3, 6)

    /// Sets the cluster version and migrates the schema to it.
    ///
    /// A lower version requests a snapshot: the log before it may contain entries that an older
    /// etcd does not know.
    func setVersion(_ version: SemanticVersion, _ applied: inout AppliedEntry) {
        let previous = membership.version
        mutate { membership.setVersion(version, into: &$0) }
        alignStorageVersion()
        applied.wantsSnapshot = previous.map { version < $0 } ?? false
        applied.response = makeResponse(.clusterVersion(version, previous: previous))
    }

    /// Migrates the schema to the cluster version. Between 3.5 and 3.7 this only records the
    /// storage version from 3.6 on and removes it below.
    private func alignStorageVersion() {
        guard let version = membership.version?.withoutPatch,
            version != VersionDecision.placeholder
        else { return }
        let recorded = version < Self.firstRecordedVersion ? nil : version
        guard recorded != recordedStorageVersion else { return }
        recordedStorageVersion = recorded
        mutate { batch in
            if let recorded {
                batch.put(
                    bucket: StoreBucket.meta, key: StoreBucket.storageVersion,
                    value: Array(recorded.description.utf8))
            } else {
                batch.delete(bucket: StoreBucket.meta, key: StoreBucket.storageVersion)
            }
        }
    }

    /// The storage version; nil while it is unknown. A database with the term of the consistent
    /// index is at least of 3.5.
    package var storageVersion: SemanticVersion? {
        recordedStorageVersion ?? (appliedTerm > 0 ? SemanticVersion(3, 5) : nil)
    }

    /// The recorded storage version as snapshot responses contain it; empty before 3.6.
    package var storageVersionText: String { recordedStorageVersion?.description ?? "" }
}
