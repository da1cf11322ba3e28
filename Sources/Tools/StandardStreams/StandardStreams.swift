internal import CommandParsing
internal import Glibc
package import ResponseFormatting

/// The standard output; keys and values are bytes, not always text.
package enum StandardOutput {
    package static func write(_ output: Output) { writeAll(1, output.bytes) }
    package static func text(_ text: String) { writeAll(1, text.argumentBytes) }
    package static func line(_ text: String) { writeAll(1, (text + "\n").argumentBytes) }
}

/// The standard error.
package enum StandardError {
    package static func line(_ text: String) { writeAll(2, (text + "\n").argumentBytes) }
    package static func text(_ text: String) { writeAll(2, text.argumentBytes) }
    package static func write(_ bytes: [UInt8]) { writeAll(2, bytes) }
    package static var isTerminal: Bool { isatty(2) == 1 }
}

private func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else { return }
        rest = rest.dropFirst(max(count, 0))
    }
}

/// The standard input.
package struct StandardInput {
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    package init() {}

    /// Everything that follows.
    package mutating func readAll() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// The next line without its end; nil at the end of the input, even behind an unfinished line.
    package mutating func readLine() -> [UInt8]? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return Array(buffer[..<end])
            }
            guard fill() else { return nil }
        }
    }

    /// The first word of the input; empty without one.
    package mutating func readWord() -> String {
        let line = readLine() ?? buffer
        return String(decoding: line, as: UTF8.self).split(separator: " ").first
            .map(String.init) ?? ""
    }

    private mutating func fill() -> Bool {
        guard !isAtEnd else { return false }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var count = 0
        repeat { count = read(0, &chunk, chunk.count) } while count < 0 && errno == EINTR
        guard count > 0 else {
            isAtEnd = true
            return false
        }
        buffer += chunk[..<count]
        return true
    }
}
