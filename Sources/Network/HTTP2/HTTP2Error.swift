internal import CNGHTTP2

/// Error codes of RST_STREAM and GOAWAY frames (RFC 9113 section 7).
package struct HTTP2ErrorCode: RawRepresentable, Equatable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let noError = HTTP2ErrorCode(rawValue: 0)
    package static let protocolError = HTTP2ErrorCode(rawValue: 1)
    package static let internalError = HTTP2ErrorCode(rawValue: 2)
    package static let flowControlError = HTTP2ErrorCode(rawValue: 3)
    package static let streamClosed = HTTP2ErrorCode(rawValue: 5)
    package static let frameSizeError = HTTP2ErrorCode(rawValue: 6)
    package static let refusedStream = HTTP2ErrorCode(rawValue: 7)
    package static let cancel = HTTP2ErrorCode(rawValue: 8)
    package static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 11)

    /// The RFC's name, such as `CANCEL`.
    package var name: String { String(cString: nghttp2_http2_strerror(rawValue)) }
}

/// Errors of creating or using an HTTP/2 connection.
package enum HTTP2Error: Error, Equatable {
    /// nghttp2 could not create a session: out of memory.
    case sessionNotCreated
    /// The connection is closed, or the peer sent GOAWAY.
    case connectionUnavailable
}
