/// Why a connection to another member, or an exchange on it, failed.
package enum PeerConnectionError: Error, Equatable, Sendable {
    /// A URL with an unknown scheme or without an address.
    case malformedURL(String)
    /// An encrypted URL without a TLS configuration.
    case encryptionMissing(String)
    case unreachable(String)
    /// The other side closed the connection.
    case closed
    /// No bytes were received within the read timeout.
    case readTimeout
    /// No bytes were sent within the write timeout.
    case writeTimeout
    case responseTimeout
    /// The whole exchange took longer than its caller allows.
    case deadlineExceeded
    /// The handshake of TLS took too long.
    case handshakeTimeout
    /// The response is not valid HTTP.
    case malformedResponse(String)
    case responseTooLong(bytesMax: Int)
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
        case .responseTimeout: "timeout awaiting response"
        case .deadlineExceeded:
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        case .handshakeTimeout: "net/http: TLS handshake timeout"
        case .malformedResponse(let reason): "malformed HTTP response (\(reason))"
        case .responseTooLong(let limit): "response is longer than \(limit) bytes"
        case .stopped: "stopped"
        }
    }
}
