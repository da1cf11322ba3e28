import CommandParsing
import EtcdClient
import Glibc
import ResponseFormatting
import StandardStreams

/// snapshot save: writes the database of a member to `FILE.part`, and renames that when all of it is
/// on disk.
enum SnapshotCommand {
    static func save(_ invocation: Invocation) async throws {
        guard invocation.arguments.count == 1 else {
            throw ToolFailure.arguments("snapshot save expects one argument <filename>")
        }
        _ = try await invocation.formatter()
        let endpoints = try await invocation.clientOptions().endpoints
        guard endpoints.count == 1 else {
            throw ToolFailure.interrupted(
                "snapshot must be requested to one selected node, not multiple "
                    + "[\(endpoints.joined(separator: " "))]")
        }
        let path = invocation.arguments[0]
        let version: String
        do {
            version = try await withinTimeout(invocation) { try await save(path, invocation) }
        } catch let failure as ToolFailure where failure.status <= 2 {
            throw ToolFailure(lines: failure.lines, status: failure.status == 1 ? 5 : 2)
        }
        StandardOutput.line("Snapshot saved at \(path)")
        if !version.isEmpty { StandardOutput.line("Server version \(version)") }
    }

    /// The timeout of commands counts only if it was given.
    private static func withinTimeout(
        _ invocation: Invocation, _ body: @escaping @Sendable () async throws -> String
    ) async throws -> String {
        guard invocation.flags.isGiven("command-timeout") else { return try await body() }
        let timeout = invocation.flags.duration("command-timeout")
        return try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: timeout)
                throw ToolFailure.operation("context deadline exceeded")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? ""
        }
    }

    /// Returns the storage version of the member.
    private static func save(_ path: String, _ invocation: Invocation) async throws -> String {
        let part = path + ".part"
        let file = try SnapshotFile(part)
        do {
            let version = try await receive(into: file, invocation)
            try file.complete(renamingTo: path)
            return version
        } catch {
            unlink(part)
            throw error
        }
    }

    private static func receive(
        into file: SnapshotFile, _ invocation: Invocation
    ) async throws -> String {
        let progress = Progress("snapshot")
        defer { progress.end() }
        return try await invocation.withClient { client in
            do {
                return try await pieces(into: file, client, progress)
            } catch let error as EtcdClientError where error.isFromServer {
                // clientv3 does not translate the errors of this stream.
                throw ToolFailure.operation(error.untranslatedText)
            }
        }
    }

    private static func pieces(
        into file: SnapshotFile, _ client: EtcdClient, _ progress: Progress
    ) async throws -> String {
        try await client.withSnapshot { snapshot in
            var version = ""
            var received: UInt64 = 0
            for try await piece in snapshot {
                try file.append(piece.bytes)
                received += UInt64(piece.bytes.count)
                if !piece.storageVersion.isEmpty { version = piece.storageVersion }
                progress.show(bytes: received, of: received + piece.remaining)
            }
            guard received % 512 == 32 else {
                throw ToolFailure.operation(
                    "sha256 checksum not found [bytes: \(received)]")
            }
            return version
        }
    }
}

/// A snapshot file that is being written.
private final class SnapshotFile: Sendable {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(ToolFailure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .operation("could not open \(path) (open \(path): \(Self.errorText()))")
        }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(ToolFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                throw .operation("write \(path): \(Self.errorText())")
            }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    func complete(renamingTo name: String) throws(ToolFailure) {
        guard fsync(descriptor) == 0 else {
            throw .operation("sync \(path): \(Self.errorText())")
        }
        guard rename(path, name) == 0 else {
            throw .operation(
                "could not rename \(path) to \(name) (rename \(path) \(name): \(Self.errorText()))")
        }
    }

    private static func errorText() -> String {
        String(cString: strerror(errno)).lowercased()
    }
}
