import Glibc
import Testing

@testable import EtcdServer

/// The product `etcd`, which stands beside the test runner.
enum ServerBinary {
    static let path: String? = {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let runner = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let slash = runner.lastIndex(of: "/") else { return nil }
        let path = runner[...slash] + "etcd"
        return access(String(path), X_OK) == 0 ? String(path) : nil
    }()
}

/// Runs the real server binary for what only a process shows: exit status and streams.
@Suite(.enabled(if: ServerBinary.path != nil, "the etcd binary is built beside the tests"))
struct ProcessTests {
    struct Outcome {
        let status: Int32
        let output: String
        let diagnostics: String
    }

    private func run(_ arguments: [String], environment: [String] = []) throws -> Outcome {
        let binary = try #require(ServerBinary.path)
        let base = "/tmp/swift-etcd-process-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        defer {
            unlink(base + ".out")
            unlink(base + ".err")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 1, base + ".out", flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, base + ".err", flags, 0o600)
        var words: [UnsafeMutablePointer<CChar>?] = ([binary] + arguments).map { strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = (["PATH=/bin"] + environment).map {
            strdup($0)
        }
        words.append(nil)
        variables.append(nil)
        defer { (words + variables).forEach { free($0) } }
        var process = pid_t()
        try #require(posix_spawn(&process, binary, &actions, nil, words, variables) == 0)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return Outcome(
            status: status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f),
            output: ConfigurationFileText.read(base + ".out") ?? "",
            diagnostics: ConfigurationFileText.read(base + ".err") ?? "")
    }

    @Test func versionGoesToStandardOutput() throws {
        let outcome = try run(["--version"])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("etcd Version: 3.7.1\n"))
        #expect(outcome.diagnostics == "")
    }

    @Test func unknownFlagEndsWithTwoAndUsage() throws {
        let outcome = try run(["--enable-v2"])
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.diagnostics.hasPrefix("flag provided but not defined: -enable-v2\nUsage:"))
    }

    @Test(arguments: [
        (["foo"], "is not a valid flag"),
        (["--election-timeout", "400"], "should be at least as 5 times"),
        (["--logger", "capnslog"], "--logger=capnslog is removed in v3.5"),
        (["--cert-file=c", "--key-file=k"], "not supported by this version"),
    ])
    func validationErrorEndsWithOneAndALogLine(arguments: [String], error: String) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 1)
        let lines = outcome.diagnostics.split(separator: "\n")
        let last = try #require(lines.last)
        #expect(lines.dropLast().last?.contains(#""msg":"Running: ","args":["#) == true)
        #expect(last.hasPrefix(#"{"level":"warn","ts":""#))
        #expect(last.contains(#""msg":"failed to verify flags","error":""#))
        #expect(last.contains(error))
    }

    @Test func shadowedVariableEndsWithOne() throws {
        let outcome = try run(["--name=a"], environment: ["ETCD_NAME=b"])
        #expect(outcome.status == 1)
        #expect(outcome.diagnostics.hasPrefix(#"{"level":"fatal""#))
    }

    @Test func helpEndsWithZero() throws {
        let outcome = try run(["-h"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("--quota-backend-bytes '0'"))
    }
}
