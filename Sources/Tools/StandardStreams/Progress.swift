internal import ResponseFormatting
internal import Synchronization

/// Progress of long work in one line of the standard error, if that is a terminal.
package final class Progress: Sendable {
    private static let pause = Duration.milliseconds(100)

    private let title: String
    private let isShown: Bool
    private let line = Mutex(Line())

    private struct Line {
        var isWritten = false
        /// When it may be written again.
        var next = ContinuousClock.now
    }

    /// - Parameter isShown: false for work whose progress nobody reads.
    package init(_ title: String, isShown: Bool = true) {
        self.title = title
        self.isShown = isShown && StandardError.isTerminal
    }

    /// Shows how many bytes of all are done.
    package func show(bytes: UInt64, of total: UInt64) {
        write(isLast: bytes >= total) {
            "\(sizeText(Int(clamping: bytes))) of \(sizeText(Int(clamping: total)))"
                + Self.share(bytes, total)
        }
    }

    /// Shows how much of a known amount is done.
    package func show(_ count: Int, of total: Int, _ unit: String) {
        write(isLast: count >= total) {
            "\(count) of \(total) \(unit)" + Self.share(UInt64(count), UInt64(total))
        }
    }

    /// Shows how much is done of what has no end.
    package func show(_ count: Int, _ unit: String) {
        write(isLast: false) { "\(count) \(unit)" }
    }

    /// Removes the line, if it was written.
    package func end() {
        let isWritten = line.withLock { line in
            defer { line.isWritten = false }
            return line.isWritten
        }
        if isWritten { StandardError.text("\r\u{1B}[K") }
    }

    private static func share(_ done: UInt64, _ total: UInt64) -> String {
        total > 0 ? " (\(UInt64(Double(done) / Double(total) * 100))%)" : ""
    }

    private func write(isLast: Bool, _ text: () -> String) {
        guard isShown else { return }
        let isDue = line.withLock { line in
            guard isLast || ContinuousClock.now >= line.next else { return false }
            line.isWritten = true
            line.next = .now + Self.pause
            return true
        }
        if isDue { StandardError.text("\r\(title): \(text())\u{1B}[K") }
    }
}
