@testable import ServerLogging
import Glibc
import Synchronization
import Testing

@testable import EtcdServer

/// The queue before an output that may block: order, bound, and shutdown.
@Suite struct LogQueueTests {
    /// An output that blocks until it is opened.
    private final class Gate: LogOutput {
        private let written = MemoryOutput()
        private let isOpen = Atomic<Bool>(false)
        private let isReached = Atomic<Bool>(false)

        var lines: [String] { written.lines }

        func open() { isOpen.store(true, ordering: .releasing) }

        /// Waits until the writer blocks on its first line.
        func waitUntilReached() {
            while !isReached.load(ordering: .acquiring) { usleep(1000) }
        }

        func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
            isReached.store(true, ordering: .releasing)
            while !isOpen.load(ordering: .acquiring) { usleep(1000) }
            return written.write(bytes, of: line)
        }
    }

    private func line(_ number: Int, _ level: LogLevel = .info) -> (bytes: [UInt8], line: LogLine) {
        let line = LogLine(
            level: level, timeMicroseconds: 0, logger: "", caller: "", message: "\(number)",
            fields: [])
        return (Array("\(number)\n".utf8), line)
    }

    private func write(_ numbers: Range<Int>, to output: QueuedOutput) {
        for number in numbers {
            let (bytes, line) = line(number)
            output.write(bytes, of: line)
        }
    }

    @Test func linesKeepTheirOrder() {
        let gate = Gate()
        gate.open()
        let output = QueuedOutput(gate)
        write(0..<1000, to: output)
        output.flush(within: .seconds(60))
        #expect(gate.lines == (0..<1000).map { "\($0)" })
    }

    @Test func linesBeyondTheBoundAreDroppedAndCounted() throws {
        let gate = Gate()
        let output = QueuedOutput(gate, limits: LogQueue.Limits(linesMax: 10, bytesMax: 1 << 20))
        write(0..<1, to: output)
        gate.waitUntilReached()
        write(1..<100, to: output)
        gate.open()
        output.flush(within: .seconds(60))
        write(100..<101, to: output)
        output.flush(within: .seconds(60))
        let gap = try #require(gate.lines.firstIndex { $0.contains("dropped log lines") })
        #expect(gate.lines[..<gap].elementsEqual((0...10).map { "\($0)" }))
        #expect(gate.lines[gap].hasPrefix(#"{"level":"warn""#))
        #expect(gate.lines[gap].hasSuffix(#""dropped-lines":89}"#))
        #expect(gate.lines[(gap + 1)...] == ["100"])
    }

    @Test func bytesAreBoundedToo() {
        let gate = Gate()
        let output = QueuedOutput(gate, limits: LogQueue.Limits(linesMax: 1000, bytesMax: 100))
        for number in 0..<100 {
            output.write([UInt8](repeating: 0x61, count: 30), of: line(number).line)
        }
        gate.open()
        output.flush(within: .seconds(60))
        #expect(gate.lines.count < 10)
    }

    /// An output on a disk that may be full.
    private final class FullDisk: LogOutput {
        private let written = MemoryOutput()
        private let isFull = Atomic<Bool>(true)

        var lines: [String] { written.lines }

        func free() { isFull.store(false, ordering: .releasing) }

        func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
            !isFull.load(ordering: .acquiring) && written.write(bytes, of: line)
        }
    }

    @Test func linesThatTheOutputCannotTakeAreCountedToo() throws {
        let disk = FullDisk()
        let output = QueuedOutput(disk)
        write(0..<7, to: output)
        output.flush(within: .seconds(60))
        disk.free()
        write(7..<9, to: output)
        output.flush(within: .seconds(60))
        try #require(disk.lines.count == 3)
        #expect(disk.lines[0].hasSuffix(#""dropped-lines":7}"#))
        #expect(disk.lines[1...] == ["7", "8"])
    }

    @Test func aFatalLineIsAlwaysQueued() {
        let gate = Gate()
        let output = QueuedOutput(gate, limits: LogQueue.Limits(linesMax: 2, bytesMax: 1 << 20))
        write(0..<20, to: output)
        let (bytes, last) = line(20, .fatal)
        output.write(bytes, of: last)
        gate.open()
        output.flush(within: .seconds(60))
        #expect(gate.lines.contains("20"))
    }

    @Test func aFlushOfABlockedOutputTimesOut() {
        let gate = Gate()
        let output = QueuedOutput(gate)
        write(0..<3, to: output)
        output.flush(within: .milliseconds(20))
        #expect(gate.lines.isEmpty)
        gate.open()
        output.flush(within: .seconds(60))
        #expect(gate.lines.count == 3)
    }

    @Test func linesAreWrittenAfterTheOutputIsReleased() async throws {
        let gate = Gate()
        do {
            let output = QueuedOutput(gate)
            write(0..<3, to: output)
        }
        gate.open()
        while gate.lines.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
    }
}
