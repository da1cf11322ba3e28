@testable import Raft

/// One member in a test: the Raft machine, its disk, and the queues between them.
struct TestMember {
    /// Queued work of the application, in order.
    enum Task {
        case entry(Entry)
        case snapshot(Snapshot)
    }

    let configuration: RaftConfiguration
    var machine: RaftMachine
    var disk = TestDisk()
    var application = TestApplication()
    var writes: [LogWrite] = []
    var tasks: [Task] = []
    var isUp = true
    /// Whether writes do not finish.
    var isDiskHung = false
    /// Read states, in the order of arrival.
    var reads: [ReadState] = []

    init(_ configuration: RaftConfiguration, initialPeers: [InitialPeer]) {
        self.configuration = configuration
        machine = RaftMachine(configuration, initialPeers: initialPeers)
    }

    init(_ configuration: RaftConfiguration, disk: TestDisk) throws {
        self.configuration = configuration
        self.disk = disk
        application = disk.application
        machine = try RaftMachine(configuration, restoring: disk.restored)
    }

    var hasFinishableWrite: Bool { isUp && !isDiskHung && !writes.isEmpty }

    /// Loses everything except the disk, on which the first `kept` pending writes are performed,
    /// and a part of the next one.
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
        machine = try RaftMachine(configuration, restoring: disk.restored)
        isUp = true
        isDiskHung = false
    }
}
