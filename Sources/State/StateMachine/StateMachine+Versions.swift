import Bolt
import MVCC
package import Membership

/// The version that the cluster has agreed on, and the one that the file is written for.
extension StateMachine {
    /// The first version whose files say which version they are for.
    private static let firstNotedVersion = SemanticVersion(3, 6)

    /// Sets the cluster's version, and moves the file's schema to it.
    ///
    /// A version that goes down asks for a snapshot: the log before it may hold what an older
    /// etcd does not know.
    func setVersion(_ version: SemanticVersion, _ applied: inout AppliedEntry) {
        let previous = membership.version
        mutate { membership.setVersion(version, into: &$0) }
        alignStorageVersion()
        applied.wantsSnapshot = previous.map { version < $0 } ?? false
        applied.outcome = outcome(.clusterVersion(version, previous: previous))
    }

    /// Moves the file's schema to the cluster's version. Between 3.5 and 3.7 all there is to do
    /// is to note the version from 3.6 on, and to forget it below.
    private func alignStorageVersion() {
        guard let version = membership.version?.withoutPatch,
            version != VersionDecision.placeholder
        else { return }
        let noted = version < Self.firstNotedVersion ? nil : version
        guard noted != notedVersion else { return }
        notedVersion = noted
        mutate { batch in
            if let noted {
                batch.put(
                    bucket: StoreBucket.meta, key: StoreBucket.storageVersion,
                    value: Array(noted.description.utf8))
            } else {
                batch.delete(bucket: StoreBucket.meta, key: StoreBucket.storageVersion)
            }
        }
    }

    /// The version that the file is written for; nil as long as it does not tell. A file that
    /// notes the term of what it has applied is one of 3.5 at least.
    package var storageVersion: SemanticVersion? {
        notedVersion ?? (appliedTerm > 0 ? SemanticVersion(3, 5) : nil)
    }

    /// The version in the file, as snapshots of it tell; empty before 3.6.
    package var notedStorageVersion: String { notedVersion?.description ?? "" }
}
