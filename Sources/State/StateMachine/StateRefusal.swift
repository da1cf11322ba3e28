import Bolt
package import Identifiers
package import MVCC
package import Membership

/// Why this program does not serve a state. The description is for the operator.
package enum StateRefusal: Error, Equatable, Sendable {
    /// The database cannot be read, or has an invalid record.
    case store(StoreError)
    /// A page of the database violates the format.
    case brokenPage(String)
    /// The cluster version is higher than this program's.
    case clusterVersion(SemanticVersion, own: SemanticVersion)
    /// The storage version is higher than this program's.
    case storageVersion(SemanticVersion, own: SemanticVersion)
    /// The snapshot's database has not applied the log up to the snapshot's index.
    case olderThanSnapshot(appliedIndex: LogIndex, snapshotIndex: LogIndex)
    /// The applied index is one that no log reaches.
    case appliedIndexOutOfRange(LogIndex)

    /// Whether the cause is a property of the cluster, so that a retry fails too.
    package var isPermanent: Bool {
        switch self {
        case .clusterVersion, .storageVersion: true
        case .store, .brokenPage, .olderThanSnapshot, .appliedIndexOutOfRange: false
        }
    }
}

extension StateRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(.bolt(.corrupt(let fault))):
            "the database is corrupt: page \(fault.page): \(fault.reason)"
        case .store(.bolt(let error)): "the database cannot be read: \(error)"
        case .store(.malformedRecord(let key)):
            "the database is corrupt: the record \(key.hexadecimal) is malformed"
        case .store(let error): "\(error)"
        case .brokenPage(let violation): "the database is corrupt: \(violation)"
        case .clusterVersion(let version, let own):
            "invalid downgrade; server version is lower than determined cluster version: "
                + "current-server-version \(own), determined-cluster-version \(version.majorMinor)"
        case .storageVersion(let version, let own):
            "the database is written for version \(version.majorMinor), and this server serves "
                + "versions up to \(own.majorMinor)"
        case .olderThanSnapshot(let applied, let index):
            "the database has applied index \(applied) and does not match with snapshot "
                + "(index \(index))"
        case .appliedIndexOutOfRange(let applied):
            "the database is corrupt: its applied index \(applied) is out of range"
        }
    }
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
