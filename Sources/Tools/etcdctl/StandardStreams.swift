import Glibc
import ResponseFormatting

/// The standard output; keys and values are bytes, not always text.
enum StandardOutput {
    static func write(_ output: Output) { writeAll(1, output.bytes) }
    static func line(_ text: String) { writeAll(1, Array((text + "\n").utf8)) }
}

enum StandardError {
    static func line(_ text: String) { writeAll(2, Array((text + "\n").utf8)) }
    static func text(_ text: String) { writeAll(2, Array(text.utf8)) }
    static var isTerminal: Bool { isatty(2) == 1 }
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
struct StandardInput {
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    /// Everything that follows.
    mutating func readAll() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// The next line without its end; nil at the end of the input, even behind an unfinished line.
    mutating func readLine() -> [UInt8]? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...end) }
                return Array(buffer[..<end])
            }
            guard fill() else { return nil }
        }
    }

    /// The first word of the input; empty without one.
    mutating func readWord() -> String {
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
