internal import GoText

/// The `grpc-timeout` field: up to eight digits and a unit.
enum GRPCTimeout {
    /// Longer timeouts are clamped to this value.
    static let millisecondsMax: Int64 = 100 * 365 * 24 * 3600 * 1000

    /// The timeout in milliseconds, rounded up; throws grpc-go's error for a malformed one.
    static func parse(_ bytes: UnsafeRawBufferPointer) throws(GRPCStatus) -> Int64 {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.count >= 2 else { throw malformed("timeout string is too short", text) }
        guard bytes.count <= 9 else { throw malformed("timeout string is too long", text) }
        guard let nanoseconds = unitNanoseconds(bytes[bytes.count - 1]) else {
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
        if nanoseconds >= 1_000_000 {
            return min(value * (nanoseconds / 1_000_000), millisecondsMax)
        }
        return (value * nanoseconds + 999_999) / 1_000_000
    }

    /// The field value of a timeout in milliseconds.
    static func format(milliseconds: Int64) -> [UInt8] {
        let clamped = max(milliseconds, 1)
        if clamped <= 99_999_999 { return Array("\(clamped)m".utf8) }
        return Array("\(min(clamped / 1000, 99_999_999))S".utf8)
    }

    private static func unitNanoseconds(_ unit: UInt8) -> Int64? {
        switch unit {
        case UInt8(ascii: "H"): 3_600_000_000_000
        case UInt8(ascii: "M"): 60_000_000_000
        case UInt8(ascii: "S"): 1_000_000_000
        case UInt8(ascii: "m"): 1_000_000
        case UInt8(ascii: "u"): 1_000
        case UInt8(ascii: "n"): 1
        default: nil
        }
    }

    private static func malformed(_ reason: String, _ text: String) -> GRPCStatus {
        GRPCStatus(.internal, "malformed grpc-timeout: transport: \(reason): \(text.goQuoted)")
    }
}
