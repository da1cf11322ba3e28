@testable import Raft

/// One member in a test: the machine, its disk, and what is between them.
struct TestMember {
    /// What waits for the application, in order.
    enum Task {
        case entry(Entry)
        case snapshot(Snapshot)
    }

    let settings: RaftConfiguration
    var machine: RaftMachine
    var disk = TestDisk()
    var application = TestApplication()
    var writes: [LogWrite] = []
    var tasks: [Task] = []
    var isUp = true
    /// Whether no write is finished.
    var isDiskHung = false
    /// Answers to reads, in the order they came.
    var reads: [ReadState] = []

    init(_ settings: RaftConfiguration, founders: [FoundingMember]) {
        self.settings = settings
        machine = RaftMachine(settings, founders: founders)
    }

    init(_ settings: RaftConfiguration, disk: TestDisk) throws {
        self.settings = settings
        self.disk = disk
        application = disk.application
        machine = try RaftMachine(settings, restoring: disk.restored)
    }

    var hasFinishableWrite: Bool { isUp && !isDiskHung && !writes.isEmpty }

    /// Loses all but the disk, on which the first `kept` writes under way are performed, and a
    /// part of the next one.
    mutating func crash(keeping kept: Int, tornEntries: Int) {
        for write in writes.prefix(kept) {
            disk.perform(write)
        }
        if kept < writes.count, writes[kept].snapshot == nil {
            disk.perform(writes[kept], entryLimit: tornEntries)
        }
        writes = []
        tasks = []
        reads = []
        isUp = false
    }

    mutating func restart() throws {
        application = disk.application
        machine = try RaftMachine(settings, restoring: disk.restored)
        isUp = true
        isDiskHung = false
    }
}
