import Bolt
import Disk
import Identifiers
import Membership
import ServerLogging
import StateMachine
import Testing
import WriteAheadLog

@testable import etcdutl

/// A restore that stops at any change of the disk leaves no directory `member`, or all of it; the
/// next one completes.
@Suite("Interrupted restores")
struct RestoreTests {
    private static let silent = ServerLogger(destination: LogDestination(outputs: []))

    private func options(_ flags: String...) throws -> RestoreOptions {
        let words = ["snapshot", "restore", "/s.db", "--data-dir=/d", "--skip-hash-check"]
        let command = try Etcdutl.parser.parse(
            words + ["--initial-memory-map-size=\(16 << 20)"] + flags)
        return try RestoreOptions(Invocation(command: command))
    }

    private func snapshot() throws -> MemoryDisk {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(
            disk: disk, path: "/s.db",
            configuration: BoltConfiguration(initialMapBytes: 16 << 20, growthStepBytes: 0))
        defer { bolt.close() }
        let transaction = bolt.beginWrite()
        try transaction.createBucketIfMissing(Array("key".utf8)).put([1], [2])
        try transaction.createBucketIfMissing(Array("meta".utf8))
        try transaction.commit()
        try disk.synchronizeDirectory("/")
        return disk
    }

    private func restore(_ options: RestoreOptions, on disk: MemoryDisk) async throws {
        try await ToolLog.$logger.withValue(Self.silent) {
            let members = try await RestoreCommand.initialMembers(options)
            try RestoreCommand.run(options, members, on: disk)
        }
    }

    private func requireComplete(_ disk: MemoryDisk, log: String) throws {
        #expect(try disk.list("/d") == ["member"])
        let bolt = try Bolt.open(
            disk: disk, path: "/d/member/snap/db",
            configuration: BoltConfiguration(initialMapBytes: 16 << 20, growthStepBytes: 0))
        defer { bolt.close() }
        let reading = bolt.beginRead()
        defer { reading.end() }
        #expect(try ConsistentIndex(from: reading).index == 1)
        #expect(try WriteAheadLog.validSnapshots(disk: disk, directory: log).last?.index == 1)
    }

    @Test(arguments: [[], ["--wal-dir=/logs/wal"], ["--wal-dir=/d/member/w"]])
    func leaveNoMemberOrAllOfIt(flags: [String]) async throws {
        let words = flags.first ?? "--wal-dir="
        let log = flags.first.map { String($0.dropFirst("--wal-dir=".count)) } ?? "/d/member/wal"
        let options = try options(words)
        let whole = try snapshot()
        var changes = 0
        var interrupted = 0
        while true {
            let disk = whole.afterCrash(seed: 1)
            var faults = MemoryDiskFaults()
            faults.changesBeforeHalt = changes
            disk.inject(faults)
            let isComplete = (try? await restore(options, on: disk)) != nil
            disk.inject(MemoryDiskFaults())
            for seed in 0..<3 {
                let crashed = disk.afterCrash(seed: UInt64(seed))
                if crashed.exists("/d/member") {
                    // The name is the last change but the removal of the marker.
                    if crashed.exists("/d/restoring") { try crashed.remove("/d/restoring") }
                } else {
                    interrupted += 1
                    try await restore(options, on: crashed)
                }
                try requireComplete(crashed, log: log)
            }
            if isComplete { break }
            changes += 1
        }
        #expect(interrupted > 60)
    }

    @Test func aFailedOneLeavesNothing() async throws {
        let disk = try snapshot()
        let options = try options()
        for changes in 0..<20 {
            var faults = MemoryDiskFaults()
            faults.synchronizesBeforeFailure = changes
            disk.inject(faults)
            guard (try? await restore(options, on: disk)) == nil else {
                return #expect(changes > 5)
            }
            // The member is complete; the failure is that of making its name durable.
            if disk.exists("/d/member") { return #expect(changes > 5) }
            #expect(!disk.exists("/d"))
            disk.inject(MemoryDiskFaults())
        }
    }

    @Test func aDirectoryInUseIsRefused() async throws {
        let disk = try snapshot()
        try disk.createDirectory("/d", permissions: 0o700)
        try disk.open("/d/file", .create(permissions: 0o600)).close()
        let options = try options()
        await #expect(throws: ToolFailure.self) { try await restore(options, on: disk) }
        #expect(try disk.list("/d") == ["file"])
    }
}
