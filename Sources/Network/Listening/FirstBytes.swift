/// What the first bytes of a connection are.
package enum FirstBytes: Sendable, Hashable {
    /// Too few bytes to decide.
    case undecided
    /// A TLS record with a handshake message or an alert.
    case encrypted
    /// The preface of HTTP/2.
    case http2
    /// The method of an HTTP/1 request.
    case http1
    /// None of these.
    case other

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// The length of the longest method of HTTP that is registered, UPDATEREDIRECTREF.
    private static let methodBytesMax = 17

    package static func classify(_ bytes: some Collection<UInt8>) -> FirstBytes {
        guard let first = bytes.first else { return .undecided }
        let seen = bytes.prefix(preface.count)
        if preface.starts(with: seen) {
            return seen.count == preface.count ? .http2 : .undecided
        }
        switch first {
        case 0x15, 0x16: return isRecord(bytes)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            return isMethod(bytes)
        default: return .other
        }
    }

    /// A record of an alert or a handshake has the major version 3.
    private static func isRecord(_ bytes: some Collection<UInt8>) -> FirstBytes {
        guard let major = bytes.dropFirst().first else { return .undecided }
        return major == 3 ? .encrypted : .other
    }

    private static func isMethod(_ bytes: some Collection<UInt8>) -> FirstBytes {
        for byte in bytes.prefix(methodBytesMax + 1) {
            switch byte {
            case UInt8(ascii: " "): return .http1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "-"):
                continue
            default: return .other
            }
        }
        return bytes.count > methodBytesMax ? .other : .undecided
    }
}
