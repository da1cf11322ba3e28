import Glibc

/// The terminal of the process, for passwords.
enum Terminal {
    /// Asks for a password, which is not shown.
    static func password(_ prompt: String) throws(ToolFailure) -> String {
        let descriptor = open("/dev/tty", O_RDWR)
        guard descriptor >= 0 else {
            throw .arguments(
                "failed to ask password: open /dev/tty: \(String(cString: strerror(errno)).lowercased())"
            )
        }
        defer { close(descriptor) }
        var settings = termios()
        tcgetattr(descriptor, &settings)
        let visible = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(descriptor, TCSANOW, &settings)
        defer {
            var settings = visible
            tcsetattr(descriptor, TCSANOW, &settings)
            _ = write(descriptor, "\n", 1)
        }
        _ = prompt.withCString { write(descriptor, $0, strlen($0)) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Asks twice for a new password.
    static func newPassword(of name: String) throws(ToolFailure) -> String {
        let first = try password("Password of \(name): ")
        guard !first.isEmpty else { throw .arguments("empty password") }
        let second = try password("Type password of \(name) again for confirmation: ")
        guard first == second else { throw .arguments("given passwords are different") }
        return first
    }
}
