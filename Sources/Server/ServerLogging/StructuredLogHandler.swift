package import Logging

/// The swift-log backend for a `LogDestination`, for modules that log through swift-log.
///
/// Metadata has no order in swift-log: fields are written sorted by key, with `error` last. A
/// value given as `.stringConvertible` keeps its type: numbers and booleans are not quoted and
/// durations are written as etcd writes them.
package struct StructuredLogHandler: LogHandler {
    private let destination: LogDestination
    private let name: String

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    package init(destination: LogDestination, name: String = "") {
        self.destination = destination
        self.name = name
        logLevel = Logger.Level(destination.level)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
        if let given = event.metadata { merged.merge(given) { $1 } }
        var fields = merged.sorted { Self.precedes($0.key, $1.key) }
            .map { LogField($0.key, LogValue($0.value)) }
        if let error = event.error { fields.append(LogField("error", .error(error))) }
        destination.write(
            LogLine(
                level: LogLevel(event.level), timeMicroseconds: LogTimestamp.now(), logger: name,
                caller: "\(event.file):\(event.line)", message: event.message.description,
                fields: fields))
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        if left == "error" || right == "error" { return right == "error" && left != "error" }
        return left < right
    }
}

extension ServerLogger {
    /// A swift-log logger with the same destination. The label is not written.
    package func swiftLogger(label: String = "etcd") -> Logger {
        let handler = StructuredLogHandler(destination: destination, name: name)
        return Logger(label: label) { _ in handler }
    }
}

extension LogLevel {
    init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info, .notice: self = .info
        case .warning: self = .warn
        case .error: self = .error
        case .critical: self = .fatal
        }
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warn: self = .warning
        case .error: self = .error
        case .dpanic, .panic, .fatal: self = .critical
        }
    }
}

extension LogValue {
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .stringConvertible(let convertible): self.init(convertible)
        case .array(let items): self = .array(items.map(LogValue.init))
        case .dictionary(let entries):
            self = .object(
                entries.sorted { $0.key < $1.key }.map { LogField($0.key, LogValue($0.value)) })
        }
    }

    private init(_ value: any CustomStringConvertible) {
        switch value {
        case let flag as Bool: self = .boolean(flag)
        case let number as any BinaryInteger: self = .number(number)
        case let number as Double: self = .double(number)
        case let duration as Duration: self = .duration(duration)
        default: self = .string(value.description)
        }
    }
}
