import Disk

@testable import EtcdAPI

extension RaftEntry: Counterpart {
    init(_ from: Raftpb_Entry) {
        self.init(
            type: .init(rawValue: Int32(from.type.rawValue)), term: from.term, index: from.index,
            data: [UInt8](from.data))
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_Entry {
        .with {
            if random.flip() { $0.type = random.flip() ? .entryNormal : .entryConfChangeV2 }
            if random.flip() { $0.term = random.uint64() }
            if random.flip() { $0.index = random.uint64() }
            if random.flip() { $0.data = random.data() }
        }
    }
}

extension RaftHardState: Counterpart {
    init(_ from: Raftpb_HardState) {
        self.init(term: from.term, vote: from.vote, commit: from.commit)
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_HardState {
        .with {
            if random.flip() { $0.term = random.uint64() }
            if random.flip() { $0.vote = random.uint64() }
            if random.flip() { $0.commit = random.uint64() }
        }
    }
}

extension RaftConfState: Counterpart {
    init(_ from: Raftpb_ConfState) {
        self.init(
            voters: from.voters, learners: from.learners, votersOutgoing: from.votersOutgoing,
            learnersNext: from.learnersNext, autoLeave: from.autoLeave)
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_ConfState {
        .with {
            $0.voters = random.list { $0.uint64() }
            $0.learners = random.list { $0.uint64() }
            $0.votersOutgoing = random.list { $0.uint64() }
            $0.learnersNext = random.list { $0.uint64() }
            if random.flip() { $0.autoLeave = random.flip() }
        }
    }
}

extension RaftConfChange: Counterpart {
    init(_ from: Raftpb_ConfChange) {
        self.init(
            id: from.id, type: .init(rawValue: Int32(from.type.rawValue)), nodeID: from.nodeID,
            context: [UInt8](from.context))
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_ConfChange {
        .with {
            if random.flip() { $0.id = random.uint64() }
            if random.flip() { $0.type = .confChangeAddLearnerNode }
            if random.flip() { $0.nodeID = random.uint64() }
            if random.flip() { $0.context = random.data() }
        }
    }
}

extension RaftConfChangeV2: Counterpart {
    init(_ from: Raftpb_ConfChangeV2) {
        self.init(
            transition: .init(rawValue: Int32(from.transition.rawValue)),
            changes: from.changes.map {
                Change(type: .init(rawValue: Int32($0.type.rawValue)), nodeID: $0.nodeID)
            }, context: [UInt8](from.context))
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_ConfChangeV2 {
        .with {
            if random.flip() { $0.transition = .jointExplicit }
            $0.changes = random.list { random in
                .with {
                    $0.type = .confChangeRemoveNode
                    $0.nodeID = random.uint64()
                }
            }
            if random.flip() { $0.context = random.data() }
        }
    }
}

extension RaftSnapshot: Counterpart {
    init(_ from: Raftpb_Snapshot) {
        self.init(
            data: [UInt8](from.data),
            metadata: RaftSnapshotMetadata(
                confState: RaftConfState(from.metadata.confState), index: from.metadata.index,
                term: from.metadata.term))
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_Snapshot {
        .with {
            if random.flip() { $0.data = random.data() }
            if random.flip() {
                $0.metadata.index = random.uint64()
                $0.metadata.term = random.uint64()
                $0.metadata.confState = RaftConfState.random(&random)
            }
        }
    }
}

extension RaftMessage: Counterpart {
    init(_ from: Raftpb_Message) {
        self.init(
            type: .init(rawValue: Int32(from.type.rawValue)), to: from.to, from: from.from,
            term: from.term, logTerm: from.logTerm, index: from.index,
            entries: from.entries.map { RaftEntry($0) }, commit: from.commit, vote: from.vote,
            snapshot: from.hasSnapshot ? RaftSnapshot(from.snapshot) : nil, reject: from.reject,
            rejectHint: from.rejectHint, context: [UInt8](from.context))
    }

    static func random(_ random: inout SeededGenerator) -> Raftpb_Message {
        .with {
            $0.type = .init(rawValue: Int(random.next() % 24)) ?? .msgHup
            if random.flip() { $0.to = random.uint64() }
            if random.flip() { $0.from = random.uint64() }
            if random.flip() { $0.term = random.uint64() }
            if random.flip() { $0.logTerm = random.uint64() }
            if random.flip() { $0.index = random.uint64() }
            $0.entries = random.list { RaftEntry.random(&$0) }
            if random.flip() { $0.commit = random.uint64() }
            if random.flip() { $0.vote = random.uint64() }
            if random.flip() { $0.snapshot = RaftSnapshot.random(&random) }
            if random.flip() { $0.reject = random.flip() }
            if random.flip() { $0.rejectHint = random.uint64() }
            if random.flip() { $0.context = random.data() }
        }
    }
}
