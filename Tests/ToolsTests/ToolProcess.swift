import Disk
import Glibc
import Testing

/// Runs one of the built tools and gathers what it says.
struct ToolProcess {
    let status: Int32
    let output: String
    let errors: String

    /// - Parameter tool: name of an executable beside the tests' own.
    init(_ tool: String, _ arguments: [String]) throws {
        let path = try Self.buildDirectory() + "/" + tool
        let (outputRead, outputWrite) = try Self.makePipe()
        let (errorsRead, errorsWrite) = try Self.makePipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
        posix_spawn_file_actions_adddup2(&actions, errorsWrite, 2)
        for descriptor in [outputRead, outputWrite, errorsRead, errorsWrite] {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var texts = ([path] + arguments).map { strdup($0) } + [nil]
        defer { texts.forEach { free($0) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, nil, &texts, environ)
        close(outputWrite)
        close(errorsWrite)
        try #require(failure == 0, "\(path) starts")
        output = Self.readAll(outputRead)
        errors = Self.readAll(errorsRead)
        var end: Int32 = 0
        while waitpid(process, &end, 0) < 0, errno == EINTR {}
        status = end & 0x7F == 0 ? (end >> 8) & 0xFF : -(end & 0x7F)
    }

    private static func makePipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private static func readAll(_ descriptor: Int32) -> String {
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    /// The directory of the running tests: the tools are built into it too.
    private static func buildDirectory() throws -> String {
        for line in try fileText("/proc/self/maps").split(separator: "\n")
        where line.hasSuffix(".xctest") {
            guard let start = line.firstIndex(of: "/"), let end = line.lastIndex(of: "/") else {
                continue
            }
            return String(line[start..<end])
        }
        throw MissingBuildDirectory()
    }

    private struct MissingBuildDirectory: Error {}

    private static func fileText(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0)
        return readAll(descriptor)
    }
}

/// A directory that is gone after the test.
final class ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/swift-etcd-tools.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? RealDisk().list(path)) ?? [] { remove(path + "/" + name) }
        rmdir(path)
    }
}
