import Crypto
import Disk
import StandardStreams

/// Copies the database out of a snapshot file in pieces, and checks the hash at the end of the file.
struct SnapshotCopy {
    private static let pieceBytes = 1 << 20
    private static let hashBytes = SHA256.byteCount
    /// Written pieces become durable before they fill the memory of the system.
    private static let unsynchronizedBytesMax = 64 << 20

    let source: String
    let destination: String
    let skipsHashCheck: Bool

    /// - Throws: with etcd's texts. Then the destination is to be removed.
    func run(on disk: any Disk, progress: Progress) throws(ToolFailure) {
        defer { progress.end() }
        do {
            let input = try disk.open(source, .read)
            defer { input.close() }
            let size = try input.size()
            guard size >= Self.hashBytes else {
                throw ToolFailure.operation("seek \(source): invalid argument")
            }
            // Databases are multiples of 512 bytes.
            let hasHash = size % 512 == Self.hashBytes
            guard hasHash || skipsHashCheck else {
                throw ToolFailure.operation(
                    "snapshot missing hash but --skip-hash-check=false")
            }
            let databaseBytes = hasHash ? size - Self.hashBytes : size
            let output = try disk.open(destination, .createNew(permissions: 0o600))
            defer { output.close() }
            let hash = try copy(databaseBytes, from: input, to: output, progress)
            guard hasHash, !skipsHashCheck else { return }
            try require(hash, at: databaseBytes, of: input)
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            throw .operation("\(error)")
        }
    }

    /// Returns the hash of the copied bytes, which are durable.
    private func copy(
        _ count: Int, from input: any DiskFile, to output: any DiskFile, _ progress: Progress
    ) throws -> [UInt8] {
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        var done = 0
        while done < count {
            let length = min(count - done, piece.count)
            let read = try piece.withUnsafeMutableBytes { buffer in
                try input.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: done)
            }
            guard read == length else {
                throw ToolFailure.operation("read \(source): unexpected EOF")
            }
            try piece.withUnsafeBytes { buffer in
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<length])
                if !skipsHashCheck { hash.update(bufferPointer: bytes) }
                try output.write(bytes, at: done)
            }
            done += length
            if done % Self.unsynchronizedBytesMax == 0 { try output.synchronize() }
            progress.show(bytes: UInt64(done), of: UInt64(count))
        }
        try output.synchronize()
        return Array(hash.finalize())
    }

    private func require(
        _ hash: [UInt8], at offset: Int, of input: any DiskFile
    ) throws {
        var expected = [UInt8](repeating: 0, count: Self.hashBytes)
        _ = try expected.withUnsafeMutableBytes { try input.read(into: $0, at: offset) }
        guard expected == hash else {
            throw ToolFailure.operation(
                "expected sha256 [\(Self.text(expected))], got [\(Self.text(hash))]")
        }
    }

    private static func text(_ hash: [UInt8]) -> String {
        hash.map { "\($0)" }.joined(separator: " ")
    }
}
