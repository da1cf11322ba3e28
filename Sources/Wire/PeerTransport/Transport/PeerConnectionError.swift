/// Why a connection to another member, or one exchange on it, came to nothing.
package enum PeerConnectionError: Error, Equatable, Sendable {
    /// A URL that is none of the schemes' or has no address.
    case malformedURL(String)
    /// An encrypted URL, and nothing that encrypts.
    case encryptionMissing(String)
    case unreachable(String)
    /// The other side ended the connection.
    case closed
    /// Nothing came for too long.
    case readTimeout
    /// Nothing was taken for too long.
    case writeTimeout
    case answerTimeout
    /// What came is not HTTP.
    case malformedAnswer(String)
    case answerTooLong(limitBytes: Int)
    /// The transport, or the peer, was stopped.
    case stopped
}

extension PeerConnectionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL(let text): "malformed URL \(text)"
        case .encryptionMissing(let text): "no TLS for \(text)"
        case .unreachable(let reason): reason
        case .closed: "EOF"
        case .readTimeout: "read: i/o timeout"
        case .writeTimeout: "write: i/o timeout"
        case .answerTimeout: "timeout awaiting response"
        case .malformedAnswer(let reason): "malformed HTTP response (\(reason))"
        case .answerTooLong(let limit): "response is longer than \(limit) bytes"
        case .stopped: "stopped"
        }
    }
}
