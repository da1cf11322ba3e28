import GoText
import Glibc
import Synchronization

/// A destination of log lines. May be called on any thread.
package protocol LogOutput: Sendable {
    /// Writes one line, encoded with its line feed.
    ///
    /// - Returns: false if the line is lost: there is no space for it, or the output is gone.
    @discardableResult
    func write(_ bytes: [UInt8], of line: LogLine) -> Bool

    /// Waits until the lines so far are written, at most for this time.
    func flush(within limit: Duration)
}

extension LogOutput {
    /// No-op for outputs that have written a line when `write` returns.
    package func flush(within limit: Duration) {}
}

/// Why a log file cannot be written.
package struct LogOutputError: Error, Equatable {
    package let message: String
}

/// An open file, pipe or terminal; each line is one write(2), which may block.
package final class DescriptorOutput: LogOutput {
    private let descriptor: Int32
    /// Held during a write, so that lines longer than PIPE_BUF are not interleaved.
    private let lines: Mutex<LineDescriptor>

    package static let standardError = DescriptorOutput(descriptor: 2)
    package static let standardOutput = DescriptorOutput(descriptor: 1)

    private init(descriptor: Int32) {
        self.descriptor = descriptor
        lines = Mutex(LineDescriptor(descriptor))
    }

    /// Opens a file to append to; creates it if it is missing.
    package convenience init(path: String) throws(LogOutputError) {
        self.init(descriptor: try Self.open(path))
    }

    deinit {
        if descriptor > 2 { close(descriptor) }
    }

    package func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
        lines.withLock { $0.write(bytes) }
    }

    static func open(_ path: String) throws(LogOutputError) -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw LogOutputError(
                message: "couldn't open sink \(path.goQuoted): open \(path): \(reason)")
        }
        return descriptor
    }
}

/// Keeps lines in memory; for tests.
package final class MemoryOutput: LogOutput {
    private let state = Mutex<[[UInt8]]>([])

    package init() {}

    package func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
        state.withLock { $0.append(bytes) }
        return true
    }

    /// The lines so far, without line feeds.
    package var lines: [String] {
        state.withLock { lines in lines.map { String(decoding: $0.dropLast(), as: UTF8.self) } }
    }
}
