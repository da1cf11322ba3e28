package import EtcdAPI

/// Why what a peer sent cannot be read. The connection is of no use after it.
package enum PeerWireError: Error, Equatable, Sendable {
    /// A length that no peer may announce.
    case limitExceeded(announcedBytes: UInt64, limitBytes: Int)
    /// A frame of a kind that the append stream does not have.
    case unknownFrame(kind: UInt8)
    /// More entries than fit into one message of the append stream.
    case tooManyEntries(announced: UInt64)
    /// Bytes that are no message, or no entry.
    case malformed(WireError)
}

extension PeerWireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .limitExceeded: "rafthttp: error limit exceeded"
        case .unknownFrame(let kind): "failed to parse type \(kind) in msgappv2 stream"
        case .tooManyEntries(let count): "rafthttp: \(count) entries in one message"
        case .malformed(let error): "rafthttp: \(error)"
        }
    }
}

/// The greatest lengths that peers accept, in bytes; etcd's.
package enum PeerWireLimit {
    /// A message, and an entry, on a stream.
    package static let messageBytes = 512 << 20
    /// The message in front of a snapshot's database.
    package static let snapshotHeadBytes = 64 << 20
}

/// What a stream carries.
package enum PeerFrame: Equatable, Sendable {
    /// Says only that the connection is alive.
    case linkHeartbeat
    case message(RaftMessage)
}
