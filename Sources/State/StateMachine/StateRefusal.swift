import Bolt
package import MVCC
package import Membership

/// Why a state is not served, in words for the operator.
package enum StateRefusal: Error, Equatable, Sendable {
    /// The database cannot be read, or has a record that none can have.
    case store(StoreError)
    /// A page of the database breaks the format.
    case brokenPage(String)
    /// The cluster has agreed on a version later than this program's.
    case clusterVersion(SemanticVersion, own: SemanticVersion)
    /// The database is written for a version later than this program's.
    case storageVersion(SemanticVersion, own: SemanticVersion)
    /// The cluster has users; nobody could be refused anything here.
    case authEnabled
    /// The database of a snapshot has not applied what the snapshot stands for.
    case behind(appliedIndex: UInt64, snapshotIndex: UInt64)

    /// Whether it lies in what the cluster is, so that the next try comes to the same.
    package var isLasting: Bool {
        switch self {
        case .clusterVersion, .storageVersion, .authEnabled: true
        case .store, .brokenPage, .behind: false
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
        case .brokenPage(let violation): "the database is corrupt: \(violation)"
        case .clusterVersion(let version, let own):
            "invalid downgrade; server version is lower than determined cluster version: "
                + "current-server-version \(own), determined-cluster-version \(version.majorMinor)"
        case .storageVersion(let version, let own):
            "the database is written for version \(version.majorMinor), and this server serves "
                + "versions up to \(own.majorMinor)"
        case .authEnabled:
            "authentication is enabled in this cluster, and users and roles are not supported "
                + "yet: serving its data would give everybody access. " + Self.isIntact
        case .behind(let applied, let index):
            "the database has applied index \(applied) and does not match with snapshot "
                + "(index \(index))"
        }
    }

    /// What an operator can do about a state that this program does not support.
    static let isIntact =
        "The data directory is left as it is: replace this member by one of etcd, which can also "
        + "start on this directory"
}

extension [UInt8] {
    fileprivate var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
