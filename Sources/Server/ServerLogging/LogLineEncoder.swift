/// Encodes log lines as etcd does: JSON objects with fixed keys first, or tab-separated text.
package enum LogLineEncoder {
    /// The line in the given format, with its line feed.
    package static func encode(_ line: LogLine, as format: LogFormat) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch format {
        case .json: appendJSON(line, to: &bytes)
        case .console: appendConsole(line, to: &bytes)
        }
        bytes.append(0x0A)
        return bytes
    }

    private static func appendJSON(_ line: LogLine, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"level":""#.utf8)
        bytes.append(contentsOf: line.level.rawValue.utf8)
        bytes.append(contentsOf: #"","ts":""#.utf8)
        LogTimestamp.append(line.timeMicroseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        if !line.logger.isEmpty { appendMember("logger", .string(line.logger), to: &bytes) }
        appendMember("caller", .string(line.caller), to: &bytes)
        appendMember("msg", .string(line.message), to: &bytes)
        for field in line.fields { appendMember(field.key, field.value, to: &bytes) }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendMember(_ key: String, _ value: LogValue, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: ","))
        appendString(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(value, isSpaced: false, to: &bytes)
    }

    private static func appendConsole(_ line: LogLine, to bytes: inout [UInt8]) {
        LogTimestamp.append(line.timeMicroseconds, to: &bytes)
        var columns = [line.level.rawValue, line.caller, line.message]
        if !line.logger.isEmpty { columns.insert(line.logger, at: 1) }
        for column in columns {
            bytes.append(0x09)
            bytes.append(contentsOf: column.utf8)
        }
        if !line.fields.isEmpty {
            bytes.append(0x09)
            append(.object(line.fields), isSpaced: true, to: &bytes)
        }
    }

    /// One JSON value. `isSpaced` sets a space after each comma and colon.
    static func append(_ value: LogValue, isSpaced: Bool, to bytes: inout [UInt8]) {
        switch value {
        case .string(let text): appendString(text, to: &bytes)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .unsigned(let number): bytes.append(contentsOf: String(number).utf8)
        case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .duration(let duration):
            appendString(GoDuration.text(nanoseconds: duration.nanoseconds), to: &bytes)
        case .double(let number): appendDouble(number, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { appendSeparator(UInt8(ascii: ","), isSpaced, to: &bytes) }
                append(item, isSpaced: isSpaced, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let fields):
            bytes.append(UInt8(ascii: "{"))
            for (index, field) in fields.enumerated() {
                if index > 0 { appendSeparator(UInt8(ascii: ","), isSpaced, to: &bytes) }
                appendString(field.key, to: &bytes)
                appendSeparator(UInt8(ascii: ":"), isSpaced, to: &bytes)
                append(field.value, isSpaced: isSpaced, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func appendSeparator(_ mark: UInt8, _ isSpaced: Bool, to bytes: inout [UInt8]) {
        bytes.append(mark)
        if isSpaced { bytes.append(0x20) }
    }

    /// Whole numbers print without a fraction; NaN and infinities print as strings.
    private static func appendDouble(_ number: Double, to bytes: inout [UInt8]) {
        if number.isNaN {
            appendString("NaN", to: &bytes)
        } else if number.isInfinite {
            appendString(number < 0 ? "-Inf" : "+Inf", to: &bytes)
        } else if let whole = Int64(exactly: number) {
            bytes.append(contentsOf: String(whole).utf8)
        } else {
            bytes.append(contentsOf: "\(number)".utf8)
        }
    }

    /// A JSON string; a Swift string is valid UTF-8 already.
    static func appendString(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case ..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigits[Int(byte >> 4)])
                bytes.append(hexDigits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}
