import Disk

@testable import EtcdAPI

extension LogRecord: Counterpart {
    init(_ from: Walpb_Record) {
        self.init(type: .init(rawValue: from.type), crc: from.crc, data: slice(from.data))
    }

    static func random(_ random: inout SeededGenerator) -> Walpb_Record {
        .with {
            if random.flip() { $0.type = random.int64() }
            if random.flip() { $0.crc = UInt32(truncatingIfNeeded: random.next()) }
            if random.flip() { $0.data = random.data() }
        }
    }
}

extension LogSnapshotRecord: Counterpart {
    init(_ from: Walpb_Snapshot) {
        self.init(
            index: from.index, term: from.term,
            confState: from.hasConfState ? RaftConfState(from.confState) : nil)
    }

    static func random(_ random: inout SeededGenerator) -> Walpb_Snapshot {
        .with {
            if random.flip() { $0.index = random.uint64() }
            if random.flip() { $0.term = random.uint64() }
            if random.flip() { $0.confState = RaftConfState.random(&random) }
        }
    }
}

extension SnapshotFile: Counterpart {
    init(_ from: Snappb_snapshot) {
        self.init(crc: from.crc, data: slice(from.data))
    }

    static func random(_ random: inout SeededGenerator) -> Snappb_snapshot {
        .with {
            if random.flip() { $0.crc = UInt32(truncatingIfNeeded: random.next()) }
            if random.flip() { $0.data = random.data() }
        }
    }
}

extension LogMetadata: Counterpart {
    init(_ from: Etcdserverpb_Metadata) {
        self.init(nodeID: from.nodeID, clusterID: from.clusterID)
    }

    static func random(_ random: inout SeededGenerator) -> Etcdserverpb_Metadata {
        .with {
            if random.flip() { $0.nodeID = random.uint64() }
            if random.flip() { $0.clusterID = random.uint64() }
        }
    }
}
