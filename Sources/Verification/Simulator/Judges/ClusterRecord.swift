import EtcdAPI
import Judges
import Lease
import Linearizability
import MVCC
import Raft
import StateMachine

/// An entry that a member has applied, and what came of it.
struct AppliedItem {
    let entry: Entry
    let outcome: AppliedEntry
}

/// What the cluster has agreed on, as the first member to apply each entry shows it: the events of
/// each revision, the lives of leases, and where an entry leaves the store. All that members hold,
/// and answer, and tell watchers, is held against it.
final class ClusterRecord {
    private(set) var log = EventLog()
    var leases: LeaseJudge
    /// Where each entry left the store, by index - 1.
    private var positions: [StorePosition] = []
    /// Leases with the first entry they live after, and the first they do not.
    private var spans: [Int64: (from: UInt64, to: UInt64)] = [:]
    private var hashes: [HashName: UInt32] = [:]

    private struct HashName: Hashable {
        let revision: Int64
        let compaction: Int64
        let isOfCompaction: Bool
    }

    init(driftMillionths: Int) { leases = LeaseJudge(driftMillionths: driftMillionths) }

    private var newestIndex: UInt64 { UInt64(positions.count) }

    /// Where an entry leaves the store.
    func position(after index: UInt64) -> StorePosition {
        index == 0 || index > newestIndex
            ? StorePosition(revision: 1, compacted: -1) : positions[Int(index) - 1]
    }

    /// Looks at a group of entries that a member has applied, beginning at a revision.
    func observe(
        _ items: [AppliedItem], since revision: Int64, by member: SimulatedMember
    ) throws {
        guard !items.isEmpty else { return }
        let changes = try member.state.store.recordedChanges(after: revision)
        var last = revision
        for item in items {
            let revision = item.outcome.outcome.revision
            guard revision == last || revision == last + 1 else {
                throw SimulationFailure(
                    "entry \(item.entry.index.rawValue) takes the store from revision \(last) to "
                        + "\(revision)")
            }
            let changed = revision > last ? changes[revision] ?? [] : []
            try observe(item, changed, isChange: revision > last, member)
            last = revision
        }
    }

    private func observe(
        _ item: AppliedItem, _ changed: [RecordedChange], isChange: Bool, _ member: SimulatedMember
    ) throws {
        let index = item.entry.index.rawValue
        let revision = item.outcome.outcome.revision
        do throws(Finding) {
            if index <= newestIndex {
                if isChange { try log.require(changed, at: revision) }
            } else {
                let modelled = try model(item)
                try judge(item, changed, member)
                if isChange { try log.append(changed, at: revision) }
                try requireState(modelled)
                positions.append(StorePosition(revision: revision, compacted: log.compacted))
            }
        } catch {
            throw SimulationFailure("entry \(index) on host \(member.host.number): \(error)")
        }
        if case .leaseGrant(let id, _) = item.outcome.outcome.result,
            member.state.lessor.isPrimary
        {
            leases.restarted(id, at: member.simulation.now)
        }
    }

    /// Looks at what an entry came to, the first time that it is applied.
    private func judge(
        _ item: AppliedItem, _ changed: [RecordedChange], _ member: SimulatedMember
    ) throws(Finding) {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data)
        else { return }
        let now = member.simulation.now
        let index = item.entry.index.rawValue
        switch (request.payload, item.outcome.outcome.result) {
        case (.compaction(let request), .compaction):
            try log.compact(at: request.revision)
        case (.compaction(let request), .failed):
            try log.requireNoCompaction(at: request.revision)
        case (.leaseGrant, .leaseGrant(let id, let seconds)):
            try leases.granted(id, seconds: seconds, at: now)
            spans[id] = (index, .max)
        case (.leaseGrant(let request), .failed) where item.outcome.isDoneWithoutRoom:
            try leases.granted(request.id, seconds: max(request.ttlSeconds, 2), at: now)
            spans[request.id] = (index, .max)
        case (.leaseRevoke(let request), .leaseRevoke):
            let keys = log.keys(of: request.id, at: log.newest)
            try leases.requireKeys(of: request.id, keys, deletedBy: changed)
            try leases.ended(request.id, at: now)
            spans[request.id]?.to = index
            member.simulation.noteRevocation(of: keys, item.outcome.outcome)
        case (.leaseRevoke(let request), .failed): try leases.requireDead(request.id)
        default: break
        }
        for change in changed where change.pair.lease != 0 {
            try leases.requireAlive(change.pair.lease)
        }
    }

    /// Leases that live after an entry.
    private func leasesAlive(after index: UInt64) -> [Int64] {
        spans.filter { $0.value.from <= index && index < $0.value.to }.keys.sorted()
    }
}

/// Whole states and single answers.
extension ClusterRecord {
    /// Looks at the whole state of a member that has read it from its disk, or got it from another.
    func require(_ state: StateMachine, of host: Host) throws {
        guard state.appliedIndex > 0 else { return }
        try require(state, at: state.appliedIndex, of: host)
    }

    /// Looks at a whole state that has to be the one an entry left.
    func require(_ state: StateMachine, at index: UInt64, of host: Host) throws {
        let position = position(after: index)
        let found = state.store.revisions
        guard found.current == position.revision, found.compacted == position.compacted else {
            throw SimulationFailure(
                "the database of host \(host.number) names entry \(index) and is at revision "
                    + "\(found.current), compacted at \(found.compacted); the entry left it at "
                    + "\(position.revision), compacted at \(position.compacted)")
        }
        try requireAnswer(
            to: ReadRequest(.all), at: index, try state.store.answer(ReadRequest(.all)).answer,
            host)
        try requireLeases(state, at: index, host)
    }

    private func requireLeases(
        _ state: StateMachine, at index: UInt64, _ host: Host
    ) throws {
        let known = leasesAlive(after: index)
        let held = state.lessor.leasesByExpiry().sorted { $0.id < $1.id }
        guard held.map(\.id.rawValue) == known else {
            throw SimulationFailure(
                "host \(host.number) has leases \(held.map(\.id.rawValue)) after entry \(index), "
                    + "they are \(known)")
        }
        for lease in held { try requireKeys(of: lease, at: index, host) }
    }

    private func requireKeys(of lease: Lease, at index: UInt64, _ host: Host) throws {
        let keys = log.keys(of: lease.id.rawValue, at: position(after: index).revision)
        let held = lease.sortedKeys.map { String(decoding: $0, as: UTF8.self) }
        guard held != keys else { return }
        throw SimulationFailure(
            "host \(host.number) has keys \(held) on lease \(lease.id.rawValue) after entry "
                + "\(index), they are \(keys)")
    }

    /// Holds an answer of a member against what it has to be after an entry.
    func requireAnswer(
        to request: ReadRequest, at index: UInt64, _ answer: ReadAnswer, _ host: Host
    ) throws {
        do throws(Finding) {
            try log.require(answer, to: request, at: position(after: index))
        } catch {
            throw SimulationFailure("host \(host.number): \(error)")
        }
    }

    /// Holds a report on a lease against what is known of it.
    func require(
        _ report: LeaseReport?, of lease: Int64, by member: SimulatedMember
    ) throws(SimulationFailure) {
        let index = member.applied
        let keys = log.keys(of: lease, at: position(after: index).revision)
        do throws(Finding) {
            if let report {
                try leases.require(report, of: lease, keys: keys, at: member.simulation.now)
            } else if index == newestIndex {
                try leases.requireDead(lease)
            }
        } catch {
            throw SimulationFailure("host \(member.host.number): \(error)")
        }
    }

    /// Holds a hash against the one that follows from the log.
    func require(_ hash: KeyValueHash, isOfCompaction: Bool, of host: Host) throws {
        let name = HashName(
            revision: hash.revision, compaction: hash.compactRevision,
            isOfCompaction: isOfCompaction)
        let right =
            hashes[name]
            ?? log.hash(
                at: hash.revision, compaction: hash.compactRevision,
                isOfCompaction: isOfCompaction)
        hashes[name] = right
        guard hash.hash != right else { return }
        throw SimulationFailure(
            "hash of revision \(hash.revision) since compaction \(hash.compactRevision): "
                + "\(hash.hash) on host \(host.number), it has to be \(right)")
    }
}
