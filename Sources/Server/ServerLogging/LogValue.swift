/// The value of one field of a log line, with the type that decides how it is written.
package enum LogValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case unsigned(UInt64)
    case double(Double)
    case boolean(Bool)
    /// Written as a text such as `896.843µs`.
    case duration(Duration)
    indirect case array([LogValue])
    indirect case object([LogField])

    /// A list of texts.
    package static func strings(_ values: [String]) -> LogValue {
        .array(values.map(LogValue.string))
    }

    /// An identity as etcd's logs show it: lower-case hex without leading zeros.
    package static func hex(_ value: UInt64) -> LogValue {
        .string(String(value, radix: 16))
    }

    package static func number(_ value: some BinaryInteger) -> LogValue {
        if let signed = Int64(exactly: value) { return .integer(signed) }
        return .unsigned(UInt64(clamping: value))
    }

    /// The text of an error.
    package static func error(_ error: any Error) -> LogValue {
        .string(String(describing: error))
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
}

/// One field of a log line.
package struct LogField: Sendable, Equatable {
    package let key: String
    package let value: LogValue

    package init(_ key: String, _ value: LogValue) {
        self.key = key
        self.value = value
    }
}

/// All of one log line, before it is written in a format.
package struct LogLine: Sendable {
    package var level: LogLevel
    /// Microseconds since 1970 in UTC.
    package var timeMicroseconds: Int64
    /// The named part of the program that logs (`raft`); empty for the server itself.
    package var logger: String
    /// `Module/File.swift:123`.
    package var caller: String
    package var message: String
    /// In the order given.
    package var fields: [LogField]
}
