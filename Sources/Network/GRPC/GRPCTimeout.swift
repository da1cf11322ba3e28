internal import GoText
internal import MonotonicClock

/// The `grpc-timeout` field: up to eight digits and a unit.
enum GRPCTimeout {
    /// Longer timeouts are clamped to this value.
    static let timeMax = TimeSpan.seconds(100 * 365 * 24 * 3600)

    /// The timeout in whole milliseconds, rounded up; throws grpc-go's error for a malformed one.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(GRPCStatus) -> TimeSpan {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.count >= 2 else { throw malformed("timeout string is too short", text) }
        guard bytes.count <= 9 else { throw malformed("timeout string is too long", text) }
        guard let unit = unit(bytes[bytes.count - 1]) else {
            throw malformed("timeout unit is not recognized", text)
        }
        var value: Int64 = 0
        for byte in bytes.dropLast() {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                throw GRPCStatus(
                    .internal,
                    "malformed grpc-timeout: strconv.ParseUint: parsing "
                        + "\(String(text.dropLast()).goQuoted): invalid syntax")
            }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return min(.milliseconds((unit * value).millisecondsRoundedUp), timeMax)
    }

    /// The field value of a timeout.
    static func format(_ timeout: TimeSpan) -> [UInt8] {
        let clamped = max(timeout.millisecondsRoundedUp, 1)
        if clamped <= 99_999_999 { return Array("\(clamped)m".utf8) }
        return Array("\(min(clamped / 1000, 99_999_999))S".utf8)
    }

    private static func unit(_ letter: UInt8) -> TimeSpan? {
        switch letter {
        case UInt8(ascii: "H"): .seconds(3600)
        case UInt8(ascii: "M"): .seconds(60)
        case UInt8(ascii: "S"): .seconds(1)
        case UInt8(ascii: "m"): .milliseconds(1)
        case UInt8(ascii: "u"): .microseconds(1)
        case UInt8(ascii: "n"): .nanoseconds(1)
        default: nil
        }
    }

    private static func malformed(_ reason: String, _ text: String) -> GRPCStatus {
        GRPCStatus(.internal, "malformed grpc-timeout: transport: \(reason): \(text.goQuoted)")
    }
}
