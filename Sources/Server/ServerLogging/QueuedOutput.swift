import NativeThread

/// A log output with its own writer thread, so that logging never blocks on a full pipe, a slow
/// terminal or a hung disk.
///
/// When the output is slower than the log, or cannot take a line because its disk is full, lines are
/// dropped, and once it takes lines again one line reports how many.
package final class QueuedOutput: LogOutput {
    private let queue: LogQueue

    /// - Parameter format: the format of the line about dropped lines.
    package init(
        _ output: any LogOutput, format: LogFormat = .json,
        limits: LogQueue.Limits = LogQueue.Limits()
    ) {
        queue = LogQueue(limits: limits)
        LogWriter(queue: queue, output: output, format: format).start()
    }

    deinit { queue.close() }

    package func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
        queue.post(LogQueue.Entry(bytes: bytes, line: line))
    }

    package func flush(within limit: Duration) {
        queue.waitUntilWritten(within: limit)
    }
}

/// The thread that writes the lines of a queue to an output, which may block.
private final class LogWriter: Sendable {
    private let queue: LogQueue
    private let output: any LogOutput
    private let format: LogFormat

    init(queue: LogQueue, output: any LogOutput, format: LogFormat) {
        self.queue = queue
        self.output = output
        self.format = format
    }

    func start() {
        let isStarted = NativeThread.startDetached(name: "log output") { [self] in run() }
        precondition(isStarted, "the system must provide a thread for the log")
    }

    private func run() {
        var batch = LogQueue.Batch()
        var droppedCount = 0
        while queue.take(into: &batch) {
            for entry in batch.entries where !write(entry, after: &droppedCount) {
                droppedCount += 1
            }
            droppedCount += batch.droppedCount
            _ = reportGap(&droppedCount)
        }
    }

    /// Writes a line, after the report of those lost before it.
    private func write(_ entry: LogQueue.Entry, after droppedCount: inout Int) -> Bool {
        reportGap(&droppedCount) && output.write(entry.bytes, of: entry.line)
    }

    /// - Returns: false if the output does not take the report either; then the count stays.
    private func reportGap(_ droppedCount: inout Int) -> Bool {
        guard droppedCount > 0 else { return true }
        let line = LogLine(
            level: .warn, timeMicroseconds: LogTimestamp.now(), logger: "",
            caller: "\(#fileID):\(#line)",
            message: "dropped log lines: the log output was too slow or failed",
            fields: [LogField("dropped-lines", .number(droppedCount))])
        guard output.write(LogLineEncoder.encode(line, as: format), of: line) else { return false }
        droppedCount = 0
        return true
    }
}
