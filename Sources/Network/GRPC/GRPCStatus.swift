package import StatusCodes

/// The status of a call: its code, and an error message when it failed.
package struct GRPCStatus: Error, Equatable, Sendable, CustomStringConvertible {
    package var code: StatusCode
    package var message: String

    package init(_ code: StatusCode, _ message: String = "") {
        self.code = code
        self.message = message
    }

    package static let ok = GRPCStatus(.ok)
    /// With the text of Go's context package, which clients compare with.
    package static let deadlineExceeded = GRPCStatus(
        .deadlineExceeded, "context deadline exceeded")
    /// With the text of Go's context package, which clients compare with.
    package static let canceled = GRPCStatus(.canceled, "context canceled")

    /// The peer made the server keep too much.
    static let memoryLimit = GRPCStatus(
        .resourceExhausted, "grpc: the connection occupies too much memory of the server")

    static let missingRequest = GRPCStatus(
        .internal,
        "cardinality violation: received no request message from non-client-streaming RPC")
    static let multipleRequests = GRPCStatus(
        .internal,
        "cardinality violation: received multiple request messages for non-client-streaming RPC")

    package var description: String { "\(code)(\(code.rawValue)): \(message)" }
}

/// The percent encoding of `grpc-message`: printable ASCII except `%` is not encoded.
enum GRPCMessageEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// - Parameter bytesMax: a longer result ends before the first escape or character that does
    ///   not fit.
    static func encode(_ text: String, bytesMax: Int = .max) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(min(text.utf8.count, bytesMax))
        for byte in text.utf8 {
            guard encoded.count <= bytesMax - 3 else { return encoded }
            if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 0xF)])
            }
        }
        return encoded
    }

    /// Invalid escapes are kept; invalid UTF-8 is repaired.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = nibble(bytes[index + 1]), let low = nibble(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
