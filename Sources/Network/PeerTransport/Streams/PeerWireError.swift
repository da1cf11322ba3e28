package import EtcdAPI

/// Why bytes from a peer cannot be decoded. The connection is unusable afterwards.
package enum PeerWireError: Error, Equatable, Sendable {
    /// A length above the limit.
    case limitExceeded(announcedBytes: UInt64, bytesMax: Int)
    /// A frame of an unknown type in the append stream.
    case unknownFrame(kind: UInt8)
    /// More entries than fit into one message of the append stream.
    case tooManyEntries(announced: UInt64)
    /// Bytes that are not a valid message or entry.
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

/// The greatest lengths that peers accept, in bytes; as in etcd.
package enum PeerWireLimit {
    /// A message or an entry on a stream.
    package static let messageBytes = 512 << 20
    /// The message before a snapshot's database.
    package static let snapshotHeadBytes = 64 << 20
}

/// A frame of a stream.
package enum PeerFrame: Equatable, Sendable {
    /// Only shows that the connection is alive.
    case linkHeartbeat
    case message(RaftMessage)
}
