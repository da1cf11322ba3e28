import EtcdAPI
import Checkers
import Identifiers
import Lease
import Linearizability
import MVCC
import MonotonicClock
import Raft
import StateMachine

/// An entry that a member has applied, with its response.
struct AppliedItem {
    let entry: Entry
    let applied: AppliedEntry
}

/// The state that the cluster agreed on, taken from the first member that applies each entry: the
/// events of each revision, the lifetimes of leases, and the position of the store after each
/// entry. The state, the responses and the watch events of all members are checked against it.
final class ClusterRecord {
    private(set) var log = EventLog()
    /// Users and permissions after each entry.
    var auth = AuthHistory()
    var leases: LeaseChecker
    /// The position of the store after each entry, by index - 1.
    private var positions: [StorePosition] = []
    /// The entries that granted and revoked each lease.
    private var spans: [Int64: (from: LogIndex, to: LogIndex)] = [:]
    private var hashes: [HashName: UInt32] = [:]
    /// The responses of the model to the entries that change or read keys.
    private var responses: [LogIndex: StoreResponse] = [:]

    private struct HashName: Hashable {
        let revision: Revision
        let compaction: Revision
        let isOfCompaction: Bool
    }

    init(driftMillionths: Int) { leases = LeaseChecker(driftMillionths: driftMillionths) }

    private var newestIndex: LogIndex { LogIndex(UInt64(positions.count)) }

    /// The response that an applied entry must have; nil if it was refused or has nothing to do with
    /// keys.
    func response(to index: LogIndex) -> StoreResponse? { responses[index] }

    /// The position of the store after an entry.
    func position(after index: LogIndex) -> StorePosition {
        index == 0 || index > newestIndex
            ? StorePosition(revision: 1, compacted: -1) : positions[index - LogIndex(1)]
    }

    /// Checks a group of entries that a member has applied, beginning at a revision.
    func observe(
        _ items: [AppliedItem], since revision: Revision, by member: SimulatedMember
    ) throws {
        guard !items.isEmpty else { return }
        let changes = try member.state.store.recordedChanges(after: revision)
        var last = revision
        for item in items {
            let revision = item.applied.response.revision
            guard revision == last || revision == last + 1 else {
                throw SimulationFailure(
                    "entry \(item.entry.index) takes the store from revision \(last) to "
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
        let index = item.entry.index
        let revision = item.applied.response.revision
        do throws(Finding) {
            if index <= newestIndex {
                if isChange { try log.require(changed, at: revision) }
                if let expected = responses[index] {
                    try requireResponse(item, expected, by: member)
                }
            } else {
                let isRefused = try checkPermission(item, &member.simulation.report)
                guard !isRefused || !isChange else {
                    throw Finding("a request that is refused changes the store")
                }
                let modelled = isRefused ? nil : try model(item, by: member)
                if !isRefused { try check(item, changed, member) }
                if isChange { try log.append(changed, at: revision) }
                try requireState(modelled?.state)
                responses[index] = modelled?.response
                positions.append(StorePosition(revision: revision, compacted: log.compacted))
            }
        } catch {
            throw SimulationFailure("entry \(index) on host \(member.host.number): \(error)")
        }
        if case .leaseGrant(let id, _) = item.applied.response.body,
            member.state.lessor.isPrimary
        {
            leases.clockRestarted(id, at: MonotonicTime(member.simulation.now))
        }
    }

    /// Checks the response to an entry when it is applied for the first time.
    private func check(
        _ item: AppliedItem, _ changed: [RecordedChange], _ member: SimulatedMember
    ) throws(Finding) {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data)
        else { return }
        let now = MonotonicTime(member.simulation.now)
        let index = item.entry.index
        switch (request.payload, item.applied.response.body) {
        case (.compaction(let request), .compaction):
            try log.compact(at: Revision(request.revision))
        case (.compaction(let request), .failed):
            try log.requireNoCompaction(at: Revision(request.revision))
        case (.leaseGrant, .leaseGrant(let id, let seconds)):
            try leases.granted(id, seconds: seconds, at: now)
            spans[id] = (index, .max)
        case (.leaseGrant(let request), .failed) where item.applied.isAppliedDespiteNoSpace:
            try leases.granted(request.id, seconds: max(request.ttlSeconds, 2), at: now)
            spans[request.id] = (index, .max)
        case (.leaseRevoke(let request), .leaseRevoke):
            let keys = log.keys(of: request.id, at: log.newest)
            try leases.requireKeys(of: request.id, keys, deletedBy: changed)
            try leases.revoked(request.id, at: now)
            spans[request.id]?.to = index
            member.simulation.recordRevocation(of: keys, item.applied.response)
        case (.leaseRevoke(let request), .failed): try leases.requireMissing(request.id)
        default: break
        }
        for change in changed where change.pair.lease != 0 {
            try leases.requireExists(change.pair.lease)
        }
    }

    /// Leases that exist after an entry.
    private func leasesAlive(after index: LogIndex) -> [Int64] {
        spans.filter { $0.value.from <= index && index < $0.value.to }.keys.sorted()
    }
}

/// Whole states and single responses.
extension ClusterRecord {
    /// Checks the whole state of a member that was restored from its disk, or received from
    /// another.
    func require(_ state: StateMachine, of host: Host) throws {
        guard state.appliedIndex > 0 else { return }
        try require(state, at: state.appliedIndex, of: host)
    }

    /// Requires that a whole state is the one after an entry.
    func require(_ state: StateMachine, at index: LogIndex, of host: Host) throws {
        let position = position(after: index)
        let found = state.store.revisions
        guard found.current == position.revision, found.compacted == position.compacted else {
            throw SimulationFailure(
                "the database of host \(host.number) names entry \(index) and is at revision "
                    + "\(found.current), compacted at \(found.compacted); the entry left it at "
                    + "\(position.revision), compacted at \(position.compacted)")
        }
        try requireResponse(
            to: RecordedRead(.all), at: index,
            try state.store.execute(RecordedRead(.all), by: .server).response,
            host)
        try requireLeases(state, at: index, host)
        try requireUsers(state.auth.snapshot, at: index, of: host)
    }

    private func requireLeases(
        _ state: StateMachine, at index: LogIndex, _ host: Host
    ) throws {
        let known = leasesAlive(after: index)
        let held = state.lessor.listing.byExpiry.sorted { $0.id < $1.id }
        guard held.map(\.id.rawValue) == known else {
            throw SimulationFailure(
                "host \(host.number) has leases \(held.map(\.id.rawValue)) after entry \(index), "
                    + "expected \(known)")
        }
        for lease in held { try requireKeys(of: lease, at: index, host) }
    }

    private func requireKeys(
        of lease: LeaseListing.Entry, at index: LogIndex, _ host: Host
    ) throws {
        let keys = log.keys(of: lease.id.rawValue, at: position(after: index).revision)
        let held = lease.keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
        guard held != keys else { return }
        throw SimulationFailure(
            "host \(host.number) has keys \(held) on lease \(lease.id.rawValue) after entry "
                + "\(index), expected \(keys)")
    }

    /// Requires that a response of a member is the expected one after an entry.
    func requireResponse(
        to request: RecordedRead, at index: LogIndex, _ response: RecordedReadResponse, _ host: Host
    ) throws {
        do throws(Finding) {
            try log.require(response, to: request, at: position(after: index))
        } catch {
            throw SimulationFailure("host \(host.number): \(error)")
        }
    }

    /// Checks a time-to-live response about a lease.
    func require(
        _ report: RecordedTimeToLive?, of lease: Int64, by member: SimulatedMember
    ) throws(SimulationFailure) {
        let index = member.applied
        let keys = log.keys(of: lease, at: position(after: index).revision)
        do throws(Finding) {
            if let report {
                try leases.require(
                    report, of: lease, keys: keys, at: MonotonicTime(member.simulation.now))
            } else if index == newestIndex {
                try leases.requireMissing(lease)
            }
        } catch {
            throw SimulationFailure("host \(member.host.number): \(error)")
        }
    }

    /// Requires that a hash is the one computed from the log.
    func require(_ hash: KeyValueHash, isOfCompaction: Bool, of host: Host) throws {
        let name = HashName(
            revision: hash.revision, compaction: hash.compactRevision,
            isOfCompaction: isOfCompaction)
        let expected =
            hashes[name]
            ?? log.hash(
                at: hash.revision, compaction: hash.compactRevision,
                isOfCompaction: isOfCompaction)
        hashes[name] = expected
        guard hash.hash != expected else { return }
        throw SimulationFailure(
            "hash of revision \(hash.revision) since compaction \(hash.compactRevision): "
                + "\(hash.hash) on host \(host.number), expected \(expected)")
    }
}
