import Glibc
import ResponseFormatting
import StandardStreams

/// Passwords from the standard input.
enum Terminal {
    /// Asks for a password, which a terminal does not show. It may come from a file or a pipe too.
    static func password(_ prompt: String) -> String {
        defer { StandardOutput.line("") }
        // Hidden before the prompt is shown: somebody may type at once.
        let visible = hideInput()
        defer {
            if var settings = visible { tcsetattr(0, TCSANOW, &settings) }
        }
        StandardOutput.text(prompt)
        return line()
    }

    /// The former settings; nil if the standard input is not a terminal.
    private static func hideInput() -> termios? {
        var settings = termios()
        guard tcgetattr(0, &settings) == 0 else { return nil }
        let visible = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(0, TCSANOW, &settings)
        return visible
    }

    /// The next line, and not a byte more: another password may follow.
    private static func line() -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = read(0, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        let text = String(decoding: line, as: UTF8.self).drop(while: \.isWhitespace)
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...last])
    }

    /// Asks twice for a new password.
    static func newPassword(of name: String) throws(ToolFailure) -> String {
        let first = password("Password of \(name): ")
        guard !first.isEmpty else { throw .arguments("empty password") }
        let second = password("Type password of \(name) again for confirmation: ")
        guard first == second else { throw .arguments("given passwords are different") }
        return first
    }
}
