import Disk
import EtcdAPI
import TestSupport
import Testing
import WriteAheadLog

@Suite(.serialized, .enabled(if: EtcdProcess.isAvailable)) struct InteroperabilityTests {
    private let disk = RealDisk()

    private func contents(of directory: String) throws -> LogContents {
        let (log, contents) = try WriteAheadLog.open(
            disk: disk, directory: directory, from: LogSnapshotRecord(index: 0, term: 0))
        try log.close()
        return contents
    }

    @Test func etcdAndThisLogReadEachOthersFiles() throws {
        let root = try TemporaryDirectory()
        defer { withExtendedLifetime(root) {} }
        let data = root.path + "/data"
        let directory = data + "/member/wal"

        var etcd = try EtcdProcess(dataDirectory: data)
        for number in 1...30 { try etcd.put("key-\(number)", "value-\(number)") }
        try etcd.put("large", String(repeating: "x", count: 300_000))
        etcd.kill()

        let written = try contents(of: directory)
        try check(written, keys: 30)
        #expect(
            try WriteAheadLog.validSnapshots(disk: disk, directory: directory)
                == [LogSnapshotRecord(index: 0, term: 0)])

        try rewrite(written, in: directory)
        #expect(try contents(of: directory) == written)

        etcd = try EtcdProcess(dataDirectory: data)
        for number in 1...30 { #expect(try etcd.has("key-\(number)", "value-\(number)")) }
        try etcd.put("key-31", "value-31")
        etcd.kill()

        let continued = try contents(of: directory)
        try check(continued, keys: 31)
        #expect(Array(continued.entries.prefix(written.entries.count)) == written.entries)
        #expect(continued.entries.count > written.entries.count)

        etcd = try EtcdProcess(dataDirectory: data)
        #expect(try etcd.has("key-31", "value-31"), "our opening did not change the log")
        etcd.kill()
    }

    private func check(_ contents: LogContents, keys: Int) throws {
        let metadata = try LogMetadata(decoding: contents.metadata)
        #expect(metadata.nodeID != 0 && metadata.clusterID != 0)
        #expect(contents.entries.map(\.index) == Array(1...UInt64(contents.entries.count)))
        #expect(contents.entries.first?.type == .confChange)
        #expect(contents.hardState.vote == metadata.nodeID)
        #expect(contents.hardState.term == contents.entries.last?.term)
        #expect(contents.hardState.commit + 1 >= UInt64(contents.entries.count))
        for number in 1...keys {
            let pair = Array("key-\(number)".utf8) + [0x12, UInt8("value-\(number)".utf8.count)]
            let found = contents.entries.contains { $0.data.contains(sequence: pair) }
            #expect(found, "no entry puts key-\(number)")
        }
    }

    /// Rewrites the same log in several segments for etcd to read.
    private func rewrite(_ contents: LogContents, in directory: String) throws {
        let old = directory + ".old"
        try disk.rename(directory, to: old)
        let log = try WriteAheadLog.create(
            disk: disk, directory: directory, metadata: contents.metadata,
            configuration: LogConfiguration(segmentSizeBytes: 1000))
        for entry in contents.entries {
            try log.append(
                entries: [entry],
                hardState: RaftHardState(
                    term: entry.term, vote: contents.hardState.vote,
                    commit: min(entry.index, contents.hardState.commit)))
        }
        #expect(log.tailSequence > 2)
        try log.append(entries: [], hardState: contents.hardState)
        try log.close()
        removeTree(old)
    }
}

extension Array<UInt8> {
    fileprivate func contains(sequence: [UInt8]) -> Bool {
        if sequence.count > count { return false }
        return (0...count - sequence.count).contains { start in
            self[start..<start + sequence.count].elementsEqual(sequence)
        }
    }
}
