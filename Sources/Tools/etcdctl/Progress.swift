import ResponseFormatting

/// Progress of long work on the standard error, if that is a terminal.
final class Progress: Sendable {
    private let title: String
    private let isShown = StandardError.isTerminal

    init(_ title: String) {
        self.title = title
    }

    func show(_ done: UInt64, of total: UInt64) {
        guard isShown, total > 0 else { return }
        let percentage = done * 100 / total
        StandardError.text(
            "\r\(title): \(sizeText(Int(done))) of \(sizeText(Int(total))) (\(percentage)%)\u{1B}[K"
        )
    }

    /// A line of its own for a count without an end.
    func show(_ count: Int, _ unit: String) {
        guard isShown else { return }
        StandardError.text("\r\(title): \(count) \(unit)\u{1B}[K")
    }

    /// Removes the line.
    func end() {
        if isShown { StandardError.text("\r\u{1B}[K") }
    }
}
