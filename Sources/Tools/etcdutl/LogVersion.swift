import Disk
import EtcdAPI
import Membership
import SwiftProtobuf
import WriteAheadLog

/// The lowest version of etcd that understands the entries of a log after its last snapshot.
struct LogVersion {
    /// nil: any version from 3.5 on.
    let minimal: SemanticVersion?

    /// Reads a log without changing it.
    init(directory: String) throws(ToolFailure) {
        let disk = UnchangedDisk(RealDisk())
        let start: LogSnapshotRecord
        do throws(LogError) {
            start =
                try WriteAheadLog.validSnapshots(disk: disk, directory: directory).last
                ?? LogSnapshotRecord(index: 0, term: 0)
        } catch {
            throw .operation("failed to get the lastest snapshot: \(Self.text(error))")
        }
        do throws(LogError) {
            let contents = try WriteAheadLog.read(disk, directory, from: start)
            var newest: SemanticVersion?
            for entry in contents.entries {
                guard let version = Self.version(of: entry) else { continue }
                newest = max(newest ?? version, version)
            }
            minimal = newest
        } catch {
            throw .operation("failed to read wal: \(error)")
        }
    }

    /// Of all that etcd 3.7 writes to its log, 3.5 does not understand the request with which
    /// tests of downgrades name a version.
    private static func version(of entry: RaftEntry) -> SemanticVersion? {
        guard entry.type == .normal,
            let request = try? Etcdserverpb_InternalRaftRequest(
                serializedBytes: Array(entry.data)),
            request.hasDowngradeVersionTest
        else { return nil }
        let named = SemanticVersion(request.downgradeVersionTest.ver)
        return max(named ?? SemanticVersion(3, 6), SemanticVersion(3, 6))
    }

    private static func text(_ error: LogError) -> String {
        guard case .disk(let error) = error else { return "\(error)" }
        return "[readWALNames] fileutil.ReadDir failed: \(error)"
    }
}

extension WriteAheadLog {
    /// The contents of a log after a snapshot. An interrupted last write was never acknowledged; a
    /// starting member truncates it.
    static func read(
        _ disk: UnchangedDisk, _ directory: String, from start: LogSnapshotRecord
    ) throws(LogError) -> LogContents {
        do throws(LogError) {
            return try open(disk: disk, directory: directory, from: start).contents
        } catch {
            guard case .unexpectedEnd = error, try repair(disk: disk, directory: directory)
            else { throw error }
            return try open(disk: disk, directory: directory, from: start).contents
        }
    }
}
