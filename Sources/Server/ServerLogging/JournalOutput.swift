import Glibc

/// Output to the systemd journal by its native protocol: one datagram for each line, with the
/// line's level as PRIORITY and the module as PACKAGE.
///
/// A line that cannot be sent, because of its size or because the service is gone, is written to
/// standard error instead.
package final class JournalOutput: LogOutput {
    /// The socket of journald.
    package static let standardPath = "/run/systemd/journal/socket"

    private let descriptor: Int32
    private let identifier: String

    /// - Parameter identifier: the SYSLOG_IDENTIFIER, the program's name.
    package init(path: String = standardPath, identifier: String) throws(LogOutputError) {
        self.identifier = identifier
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure(path, "socket") }
        guard Self.connect(descriptor, to: path) else {
            let failure = Self.failure(path, "connect")
            close(descriptor)
            throw failure
        }
    }

    deinit { close(descriptor) }

    package func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
        let message = datagram(bytes, line)
        let sent = message.withUnsafeBytes { buffer in
            send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
        return sent >= 0 || DescriptorOutput.standardError.write(bytes, of: line)
    }

    private func datagram(_ bytes: [UInt8], _ line: LogLine) -> [UInt8] {
        let slash = line.caller.lastIndex(of: "/")
        var message: [UInt8] = []
        message.reserveCapacity(bytes.count + 128)
        Self.append("PRIORITY", String(line.level.journalPriority).utf8, to: &message)
        Self.append("PACKAGE", (slash.map { line.caller[..<$0] } ?? ".").utf8, to: &message)
        Self.append("SYSLOG_IDENTIFIER", identifier.utf8, to: &message)
        Self.append("MESSAGE", bytes.last == 0x0A ? bytes.dropLast() : bytes[...], to: &message)
        return message
    }

    /// One field; a value with line feeds is preceded by its length in 64 bits.
    private static func append(
        _ name: String, _ value: some Collection<UInt8>, to message: inout [UInt8]
    ) {
        message.append(contentsOf: name.utf8)
        if value.contains(0x0A) {
            message.append(0x0A)
            withUnsafeBytes(of: UInt64(value.count).littleEndian) {
                message.append(contentsOf: $0)
            }
        } else {
            message.append(UInt8(ascii: "="))
        }
        message.append(contentsOf: value)
        message.append(0x0A)
    }

    private static func connect(_ descriptor: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: path.utf8)
            return true
        }
        guard fits else {
            errno = ENAMETOOLONG
            return false
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func failure(_ path: String, _ call: String) -> LogOutputError {
        let reason = String(cString: strerror(errno)).lowercased()
        return LogOutputError(message: "dial unixgram \(path): \(call): \(reason)")
    }
}

extension LogLevel {
    /// The level in the numbers of syslog(3).
    fileprivate var journalPriority: Int {
        switch self {
        case .debug: 7
        case .info: 6
        case .warn: 4
        case .error: 3
        case .dpanic, .panic, .fatal: 2
        }
    }
}
