@testable import ServerLogging
import Glibc
import Testing

@testable import EtcdServer

/// Output to the systemd journal, read from a substitute socket.
@Suite struct JournalTests {
    @Test func aLineIsOneDatagramWithItsLevelAndPackage() throws {
        let journal = try JournalSocket()
        let output = try JournalOutput(path: journal.path, identifier: "etcd")
        output.write(Array("{\"msg\":\"a\"}\n".utf8), of: line(.warn, caller: "Server/A.swift:1"))
        #expect(
            try journal.receive()
                == "PRIORITY=4\nPACKAGE=Server\nSYSLOG_IDENTIFIER=etcd\nMESSAGE={\"msg\":\"a\"}\n")
    }

    @Test func aTextOfSeveralLinesHasItsLength() throws {
        let journal = try JournalSocket()
        let output = try JournalOutput(path: journal.path, identifier: "etcd")
        output.write(Array("a\nb\n".utf8), of: line(.error, caller: "A.swift:1"))
        #expect(
            try journal.receive()
                == "PRIORITY=3\nPACKAGE=.\nSYSLOG_IDENTIFIER=etcd\nMESSAGE\n"
                + "\u{3}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}a\nb\n")
    }

    @Test func aMissingJournalIsAnError() {
        let error = LogOutputError(
            message: "dial unixgram /nonexistent/socket: connect: no such file or directory")
        #expect(throws: error) {
            try JournalOutput(path: "/nonexistent/socket", identifier: "etcd")
        }
    }

    private func line(_ level: LogLevel, caller: String) -> LogLine {
        LogLine(
            level: level, timeMicroseconds: 0, logger: "", caller: caller, message: "", fields: [])
    }
}

/// A datagram socket at a unique path.
private final class JournalSocket {
    let path = "/tmp/swift-etcd-journal-\(UInt32.random(in: 0...(.max)))"
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        try #require(count > 0)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
