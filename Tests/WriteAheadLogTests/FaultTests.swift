import Disk
import EtcdAPI
import Glibc
import Testing
import WriteAheadLog

@Suite struct FaultTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func everythingSynchronizedSurvivesACrash(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var disk = try LogFixture.disk(seed: seed)
        let segmentSizeBytes = Int.random(in: 600...6000, using: &random)
        var log = try LogFixture.create(disk, segmentSizeBytes: segmentSizeBytes)
        var model = Model()
        for _ in 0..<3 {
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                try step(log, &model, &random)
            }
            disk = disk.afterCrash(seed: random.next())
            let (reopened, contents) = try LogFixture.openRepairing(
                disk, segmentSizeBytes: segmentSizeBytes)
            try model.check(contents, seed: seed)
            model.restart(with: contents)
            log = reopened
        }
    }

    private func step(
        _ log: WriteAheadLog, _ model: inout Model, _ random: inout SeededGenerator
    ) throws {
        if Int.random(in: 0..<4, using: &random) == 0 {
            _ = try log.preparation.prepare(sliceBytes: 512)
        }
        let sequence = log.tailSequence
        // Sometimes the end of the log is overwritten by a new leader's entries.
        let overwrite = Int.random(in: 0..<6, using: &random) == 0
        if overwrite { model.term += 1 }
        let steps = overwrite ? UInt64.random(in: 0...2, using: &random) : 0
        let first = max(model.durableCommit + 1, model.nextIndex - min(steps, model.nextIndex - 1))
        let count = UInt64.random(in: 0...5, using: &random)
        var entries: [RaftEntry] = []
        for index in first..<first + count {
            let bytes = Int.random(in: 0...900, using: &random)
            entries.append(LogFixture.entry(index, term: model.term, bytes: bytes))
        }
        let state = RaftHardState(term: model.term, vote: seedVote, commit: model.durableCommit)
        try log.append(entries: entries, hardState: state)
        model.append(entries, state)
        if log.tailSequence != sequence { model.synchronized() }
        if Bool.random(using: &random) {
            try log.synchronize()
            model.synchronized()
        }
    }

    private let seedVote: UInt64 = 0x1234_5678_9ABC_DEF0

    /// The possible contents of the log after a crash: all batches up to the last synchronization,
    /// and any prefix of the records after it.
    private struct Model {
        var term: UInt64 = 1
        var nextIndex: UInt64 = 1
        var durableCommit: UInt64 { 0 }
        private var current: [RaftEntry] = []
        private var acceptable: [[RaftEntry]] = [[]]
        private var states: [RaftHardState] = [RaftHardState()]

        mutating func append(_ entries: [RaftEntry], _ state: RaftHardState) {
            for entry in entries {
                current.removeSubrange(Int(entry.index - 1)...)
                current.append(entry)
                acceptable.append(current)
            }
            states.append(state)
            nextIndex = UInt64(current.count) + 1
        }

        mutating func synchronized() {
            acceptable = [current]
            states = [states[states.count - 1]]
        }

        func check(_ contents: LogContents, seed: UInt64) throws {
            #expect(contents.metadata == LogFixture.metadata, "seed \(seed)")
            #expect(acceptable.contains(contents.entries), "seed \(seed)")
            #expect(states.contains(contents.hardState), "seed \(seed)")
        }

        mutating func restart(with contents: LogContents) {
            current = contents.entries
            nextIndex = UInt64(current.count) + 1
            acceptable = [current]
            states = [contents.hardState]
        }
    }

    @Test func crashWhileCreatingLeavesTheWholeOrNothing() throws {
        for failing in 0..<8 {
            for seed in 0..<20 as Range<UInt64> {
                let disk = try LogFixture.disk(seed: seed)
                var faults = MemoryDiskFaults()
                faults.synchronizesBeforeFailure = failing
                disk.inject(faults)
                let created = (try? LogFixture.create(disk)) != nil
                disk.inject(MemoryDiskFaults())
                disk.crash(seed: seed)
                let exists = try WriteAheadLog.exists(disk: disk, directory: LogFixture.directory)
                #expect(exists || !created, "seed \(seed)")
                if exists {
                    #expect(try LogFixture.open(disk).contents.metadata == LogFixture.metadata)
                } else {
                    try disk.createDirectory("/member", permissions: 0o700)
                    _ = try LogFixture.create(disk)
                }
            }
        }
    }

    @Test func logStopsAfterAFailedSynchronization() throws {
        let disk = try LogFixture.disk()
        let log = try LogFixture.create(disk)
        try log.append(entries: [LogFixture.entry(1)], hardState: nil)
        var faults = MemoryDiskFaults()
        faults.synchronizesBeforeFailure = 0
        disk.inject(faults)
        #expect(throws: LogError.self) { try log.synchronize() }
        #expect(throws: LogError.self) { try log.synchronize() }
        #expect(throws: LogError.self) {
            try log.append(entries: [LogFixture.entry(2)], hardState: nil)
        }
        #expect(throws: LogError.self) { try log.saveSnapshot(LogFixture.origin) }
        #expect(throws: LogError.self) { try log.close() }
        #expect(log.needsSynchronize)
    }

    @Test func shortWritesAndFullDisksStopTheLogAndLoseNothingSynchronized() throws {
        for capacity in stride(from: 2000, to: 9000, by: 97) {
            let disk = try LogFixture.disk(seed: UInt64(capacity))
            var faults = MemoryDiskFaults()
            faults.capacityBytes = capacity
            faults.writesBeforeShortWrite = capacity % 2 == 0 ? capacity % 50 : nil
            let log = try LogFixture.create(disk, segmentSizeBytes: 1000)
            disk.inject(faults)
            var durable: UInt64 = 0
            while durable < 100 {
                do {
                    try log.append(entries: [LogFixture.entry(durable + 1)], hardState: nil)
                    try log.synchronize()
                } catch {
                    break
                }
                durable += 1
            }
            disk.inject(MemoryDiskFaults())
            disk.closeAllFiles()
            do {
                let contents = try LogFixture.openRepairing(disk, segmentSizeBytes: 1000).contents
                #expect(contents.entries.count >= Int(durable), "capacity \(capacity)")
            } catch LogError.checksumMismatch, LogError.malformedRecord {
                // A write that stopped inside a sector is reported as damage, by etcd too: it needs
                // an operator, and nothing is read as data.
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func fullFileSystemStopsTheLog() throws {
        let path = "/tmp/swift-etcd-log-full-\(getpid())"
        let disk = RealDisk()
        try disk.createDirectory(path, permissions: 0o700)
        defer { rmdir(path) }
        guard mount("tmpfs", path, "tmpfs", 0, "size=256k") == 0 else { return }
        defer { umount2(path, 2) }
        let directory = path + "/wal"
        let log = try LogFixture.create(disk, segmentSizeBytes: 65536, directory: directory)
        var durable: UInt64 = 0
        do {
            while true {
                let entry = LogFixture.entry(durable + 1, bytes: 3000)
                try log.append(entries: [entry], hardState: nil)
                try log.synchronize()
                durable += 1
            }
        } catch LogError.disk(.full) {
            // The file system becomes full eventually.
        }
        #expect(durable > 20)
        try? log.close()
        let (reopened, contents) = try LogFixture.open(
            disk, segmentSizeBytes: 1000, directory: directory)
        #expect(contents.entries.count >= Int(durable))
        #expect(contents.entries.first == LogFixture.entry(1, bytes: 3000))
        try reopened.close()
    }

    @Test func readErrorsAreNotTakenForDamage() throws {
        let disk = try LogFixture.disk()
        try LogFixture.create(disk).close()
        var faults = MemoryDiskFaults()
        faults.readsBeforeFailure = 0
        disk.inject(faults)
        let path = LogFixture.directory + "/0000000000000000-0000000000000000.wal"
        let error = LogError.disk(.system(path: path, operation: "pread", errno: EIO))
        #expect(throws: error) { _ = try LogFixture.open(disk) }
    }
}
