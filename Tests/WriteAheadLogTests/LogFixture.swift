import Disk
import EtcdAPI
import WriteAheadLog

/// Entries, files and bytes shared by the tests of the log.
enum LogFixture {
    static let directory = "/member/wal"
    static let metadata = LogMetadata(nodeID: 7, clusterID: 9).encoded()
    static let origin = LogSnapshotRecord(index: 0, term: 0)

    /// A disk with the durable parent of the log's directory.
    static func disk(seed: UInt64 = 0) throws -> MemoryDisk {
        let disk = MemoryDisk(seed: seed)
        try disk.createDirectory("/member", permissions: 0o700)
        try disk.synchronizeDirectory("/")
        return disk
    }

    static func create(
        _ disk: any Disk, segmentSizeBytes: Int = 1 << 20, directory: String = directory
    ) throws -> WriteAheadLog {
        try WriteAheadLog.create(
            disk: disk, directory: directory, metadata: metadata,
            configuration: LogConfiguration(segmentSizeBytes: segmentSizeBytes))
    }

    static func open(
        _ disk: any Disk, from snapshot: LogSnapshotRecord = origin,
        segmentSizeBytes: Int = 1 << 20, directory: String = directory
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        try WriteAheadLog.open(
            disk: disk, directory: directory, from: snapshot,
            configuration: LogConfiguration(segmentSizeBytes: segmentSizeBytes))
    }

    /// Opens like a member: with one repair of an interrupted last write.
    static func openRepairing(
        _ disk: any Disk, segmentSizeBytes: Int = 1 << 20
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        do {
            return try open(disk, segmentSizeBytes: segmentSizeBytes)
        } catch LogError.unexpectedEnd {
            guard try WriteAheadLog.repair(disk: disk, directory: directory) else {
                throw LogFixtureError.notRepaired
            }
            return try open(disk, segmentSizeBytes: segmentSizeBytes)
        }
    }

    /// An entry whose data is derived from its index and term, without a zero byte.
    static func entry(_ index: UInt64, term: UInt64 = 1, bytes: Int = 40) -> RaftEntry {
        let data = (0..<bytes).map {
            UInt8(truncatingIfNeeded: UInt64($0) &* 31 &+ index &+ term) | 1
        }
        return RaftEntry(term: term, index: index, data: data)
    }

    static func entries(_ range: ClosedRange<UInt64>, term: UInt64 = 1, bytes: Int = 40)
        -> [RaftEntry]
    {
        range.map { entry($0, term: term, bytes: bytes) }
    }

    static func bytes(of path: String, on disk: any Disk) throws -> [UInt8] {
        let file = try disk.open(path, .read)
        var bytes = [UInt8](repeating: 0, count: try file.size())
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return bytes
    }

    static func replace(_ path: String, with bytes: [UInt8], on disk: any Disk) throws {
        let file = try disk.open(path, .create(permissions: 0o600))
        try file.truncate(to: 0)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
        file.close()
    }
}

enum LogFixtureError: Error {
    case notRepaired
}
