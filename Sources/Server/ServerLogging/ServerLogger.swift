import Glibc
import Synchronization

/// The shared destination of all loggers of a process: level, sampling, format and outputs.
package final class LogDestination: Sendable {
    package let level: LogLevel
    private let format: LogFormat
    private let outputs: [any LogOutput]
    private let sampler: Mutex<LogSampler>?

    package init(
        level: LogLevel = .info, format: LogFormat = .json,
        outputs: [any LogOutput] = [QueuedOutput(DescriptorOutput.standardError)],
        isSampling: Bool = true
    ) {
        self.level = level
        self.format = format
        self.outputs = outputs
        sampler = isSampling ? Mutex(LogSampler()) : nil
    }

    /// Writes one line to every output, unless sampling drops it.
    func write(_ line: LogLine) {
        guard !outputs.isEmpty else { return }
        let isAdmitted = sampler?.withLock {
            $0.admits(
                level: line.level, message: line.message, timeMicroseconds: line.timeMicroseconds)
        }
        guard isAdmitted ?? true else { return }
        let bytes = LogLineEncoder.encode(line, as: format)
        for output in outputs { output.write(bytes, of: line) }
    }

    /// Waits until the lines so far are written, at most a second; before the process ends.
    package func flush() {
        for output in outputs { output.flush(within: Self.flushTime) }
    }

    private static let flushTime = Duration.seconds(1)
}

/// Writes structured log lines whose fields keep their order and types.
///
/// ```
/// logger.info("starting local member", ["local-member-id": .hex(id), "cluster-id": .hex(cluster)])
/// ```
package struct ServerLogger: Sendable {
    package let destination: LogDestination
    /// Value of the key `logger`; empty for the server itself.
    package let name: String

    package init(destination: LogDestination, name: String = "") {
        self.destination = destination
        self.name = name
    }

    /// A logger for another part of the program, with the same destination.
    package func named(_ name: String) -> ServerLogger {
        ServerLogger(destination: destination, name: name)
    }

    package func isEnabled(_ level: LogLevel) -> Bool { level >= destination.level }

    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) {
        guard level >= destination.level else { return }
        destination.write(
            LogLine(
                level: level, timeMicroseconds: LogTimestamp.now(), logger: name,
                caller: "\(file):\(line)", message: message(),
                fields: fields().map { LogField($0.key, $0.value) }))
    }

    package func debug(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) {
        log(.debug, message(), fields(), file: file, line: line)
    }

    package func info(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) {
        log(.info, message(), fields(), file: file, line: line)
    }

    package func warn(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) {
        log(.warn, message(), fields(), file: file, line: line)
    }

    package func error(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) {
        log(.error, message(), fields(), file: file, line: line)
    }

    /// Writes the line and ends the process with status 1, as etcd does on a fatal error.
    package func fatal(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:],
        file: String = #fileID, line: Int = #line
    ) -> Never {
        log(.fatal, message(), fields(), file: file, line: line)
        destination.flush()
        exit(1)
    }
}
