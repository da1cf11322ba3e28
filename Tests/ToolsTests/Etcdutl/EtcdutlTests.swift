import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import TestSupport
import Testing
import WriteAheadLog

@Suite("etcdutl")
struct EtcdutlTests {
    @Test func printsItsVersion() throws {
        let run = try ProcessResult(built: "etcdutl", ["version"])
        #expect(run.output == "etcdutl version: 3.7.1\nAPI version: 3.7\n")
        #expect(run.status == 0)
    }

    @Test func unknownCommandsAreRefused() throws {
        let run = try ProcessResult(built: "etcdutl", ["nosuch", "x"])
        #expect(run.errors.hasPrefix("Error: unknown command \"nosuch\" for \"etcdutl\"\n"))
        #expect(run.status == 1)
    }

    @Test func theUsageFollowsAMalformedCommandLine() throws {
        let run = try ProcessResult(built: "etcdutl", ["check"])
        let error = "Error: required flag(s) \"data-dir\" not set\n"
        #expect(run.errors.hasPrefix(error + "Usage:\n  etcdutl check [flags]\n"))
        #expect(run.errors.hasSuffix("\n" + error))
        #expect(run.status == 1)
    }

    @Test func refusesUnsupportedFormats() throws {
        let directory = try TemporaryDirectory()
        try Member(directory.path).close()
        let file = directory.path + "/member/snap/db"
        let unknown = try ProcessResult(built: "etcdutl", ["snapshot", "status", file, "-w", "x"])
        #expect(unknown.errors == "Error: unsupported output format\n")
        #expect(unknown.status == 4)
        let protobuf = try ProcessResult(
            built: "etcdutl", ["snapshot", "status", file, "-w", "protobuf"])
        #expect(protobuf.errors == "Error: protobuf not supported as output format\n")
        #expect(protobuf.status == 4)
    }

    @Test func printsTheStatusOfADatabase() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        try member.put("a", "1")
        try member.put("b", "2")
        try member.close()
        let file = directory.path + "/member/snap/db"
        let run = try ProcessResult(built: "etcdutl", ["snapshot", "status", file, "-w", "json"])
        #expect(run.output.contains("\"revision\":3,\"totalKey\":2,\"totalSize\":"))
        let hash = try ProcessResult(built: "etcdutl", ["hashkv", file])
        #expect(hash.output.hasSuffix(", 3, -1\n"))
        let future = try ProcessResult(built: "etcdutl", ["hashkv", file, "--rev", "9"])
        #expect(future.errors == "Error: mvcc: required revision is a future revision\n")
    }

    @Test func wrongArgumentsAreReported() throws {
        let missing = try ProcessResult(built: "etcdutl", ["snapshot", "status", "/nonexistent"])
        #expect(missing.errors == "Error: stat /nonexistent: no such file or directory\n")
        #expect(missing.status == 1)
        let none = try ProcessResult(built: "etcdutl", ["snapshot", "status"])
        #expect(none.errors == "Error: snapshot status requires exactly one argument\n")
        #expect(none.status == 128)
    }

    @Test func aValidMemberPassesAndStaysUnchanged() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        for number in 0..<50 { try member.put("key\(number)", "value") }
        try member.close()
        for _ in 0..<2 {
            let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
            #expect(run.output == "database and log are sound\n")
            #expect(run.status == 0)
        }
    }

    @Test func damageInTheLogIsFound() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        for number in 0..<50 { try member.put("key\(number)", "value") }
        try member.close()
        let name = "/member/wal/0000000000000000-0000000000000000.wal"
        try Self.flip(directory.path + name, at: 1000)
        let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
        #expect(run.output.hasPrefix("log: "))
        #expect(run.status == 1)
    }

    @Test func damageInTheDatabaseIsFound() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        for number in 0..<50 { try member.put("key\(number)", "value") }
        try member.close()
        // The page number in each page header; pages 2 and up hold the trees.
        for page in 2..<8 { try Self.flip(directory.path + "/member/snap/db", at: page * 4096) }
        let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
        #expect(run.output.contains("database: "))
        #expect(run.status == 1)
    }

    @Test func aDatabaseAheadOfItsLogIsFound() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        try member.put("a", "1")
        try member.setApplied(99)
        try member.close()
        let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
        #expect(run.output == "database: entry 99 is applied, but the log ends at 1\n")
        #expect(run.status == 1)
    }

    /// The state after `snapshot restore --bump-revision 1000 --mark-compacted` of etcdutl 3.7.1.
    @Test func aDatabaseWithABumpedRevisionIsValid() throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        for number in 0..<3 { try member.put("key\(number)", "value") }
        try member.putRecord(at: RevisionPair(main: 1_004), value: [])
        try member.scheduleCompaction(at: 1_004)
        try member.close()
        let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
        #expect(run.output == "database and log are sound\n")
        #expect(run.status == 0)
    }

    @Test(arguments: [RevisionPair(main: 1_005), RevisionPair(main: 1_004, sub: 1)])
    func anEmptyRecordElsewhereIsFound(revision: RevisionPair) throws {
        let directory = try TemporaryDirectory()
        let member = try Member(directory.path)
        try member.put("a", "1")
        try member.putRecord(at: revision, value: [])
        try member.scheduleCompaction(at: 1_004)
        try member.close()
        let run = try ProcessResult(built: "etcdutl", ["check", "--data-dir", directory.path])
        #expect(run.output == "database: the record of revision \(revision) has no key\n")
        #expect(run.status == 1)
    }

    private static func flip(_ path: String, at offset: Int) throws {
        let file = try RealDisk().open(path, .readWrite)
        defer { file.close() }
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try file.read(into: $0, at: offset) }
        byte[0] ^= 0x10
        try byte.withUnsafeBytes { try file.write($0, at: offset) }
    }
}

/// A member's files, written without a server: entry n of the log puts revision n + 1.
private final class Member {
    private let log: WriteAheadLog
    private let bolt: Bolt
    private let store: Store
    private var index: UInt64 = 0

    init(_ directory: String) throws {
        let disk = RealDisk()
        try disk.createDirectory(directory + "/member/snap", permissions: 0o700)
        log = try WriteAheadLog.create(
            disk: disk, directory: directory + "/member/wal",
            metadata: LogMetadata(nodeID: 1, clusterID: 2).encoded())
        let options = BoltConfiguration(initialMapBytes: 1 << 26, growthStepBytes: 0)
        bolt = try Bolt.open(
            disk: disk, path: directory + "/member/snap/db", configuration: options)
        store = try Store(bolt: bolt)
    }

    func put(_ key: String, _ value: String) throws {
        index += 1
        let put = PutRequest(key: Array(key.utf8)[...], value: Array(value.utf8)[...])
        let entry = RaftEntry(type: .normal, term: 1, index: index, data: put.encoded())
        try log.append(
            entries: [entry], hardState: RaftHardState(term: 1, vote: 1, commit: index))
        var transaction = store.beginWrite()
        transaction.put(put.key, value: put.value, lease: 0)
        _ = transaction.end()
        try setApplied(LogIndex(index))
    }

    func setApplied(_ index: LogIndex) throws {
        store.setApplied(index: index, term: 1)
        try store.persist()
    }

    /// Writes a record without a request.
    func putRecord(at revision: RevisionPair, value: [UInt8]) throws {
        try put(bucket: StoreBucket.key, RevisionKey(revision).encoded, value)
    }

    /// Marks a revision as compacted, as etcdutl does.
    func scheduleCompaction(at main: Revision) throws {
        let revision = RevisionKey(RevisionPair(main: main)).encoded
        try put(bucket: StoreBucket.meta, StoreBucket.scheduledCompaction, revision)
    }

    private func put(bucket: [UInt8], _ key: [UInt8], _ value: [UInt8]) throws {
        let transaction = bolt.beginWrite()
        try transaction.createBucketIfMissing(bucket).put(key, value)
        try transaction.commit()
    }

    func close() throws {
        try log.close()
        bolt.close()
    }
}
