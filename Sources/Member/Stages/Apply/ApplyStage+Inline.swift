import DequeModule
import Auth
import EtcdAPI
import Identifiers
import Lease
import Raft
import StateMachine

/// Bounds of what a caller may apply inline while the stage is idle: little enough for an event
/// loop, and only requests whose cost can be seen from the request. More is left to the dedicated
/// thread.
extension ApplyStage {
    private static let inlineEntriesMax = 8
    private static let inlineBytesMax = 16 << 10
    private static let inlineCompletionsMax = 64
    /// Watchers of the member: a change may be sent to all of them.
    private static let inlineWatchersMax = 1000

    /// Whether these inputs take microseconds. The requests of the entries are decoded for it, and
    /// are not decoded again when they are applied.
    ///
    /// - Parameter watchers: the number of this member's watchers.
    package mutating func isBrief(_ inputs: [ApplyInput], watchers: Int) -> Bool {
        var (entries, bytes, completions) = (0, 0, 0)
        for input in inputs {
            switch input {
            case .entries(let committed):
                entries += committed.count
                guard entries <= Self.inlineEntriesMax else { return false }
                for entry in committed { bytes += entry.data.count }
                guard bytes <= Self.inlineBytesMax else { return false }
                // While the stage is blocked entries are only queued, so they are not decoded here.
                guard isBlocked || committed.allSatisfy({ isBrief($0) }) else { return false }
            case .register(let registrations, _): completions += registrations.count
            case .readable(_, let addresses): completions += addresses.count
            case .persisted:
                // It unblocks all queued entries.
                guard !isBlocked else { return false }
                completions += 1
            case .refused, .sent, .leaderConnectionLost: completions += 1
            case .work(_, let isBrief):
                guard isBrief else { return false }
                completions += 1
            case .snapshotSaved: completions += 1
            case .install, .installed, .role, .compacted: return false
            }
        }
        return completions <= Self.inlineCompletionsMax && !hasWork
            && (entries == 0 || watchers <= Self.inlineWatchersMax)
    }

    /// Whether applying an entry touches few keys, judging by its request. The first entry of a new
    /// leader's term is not brief: it starts the clocks of all leases.
    private mutating func isBrief(_ entry: Entry) -> Bool {
        guard entry.type == .normal else { return false }
        if let leadingTerm, leadingTerm != promotedTerm, entry.term >= leadingTerm {
            return false
        }
        if entry.data.isEmpty { return true }
        guard let request = decoded.decode(entry) else { return false }
        switch request.payload {
        case .leaseGrant: return true
        case .put(let put): return isBriefToCheck(put.lease)
        case .deleteRange(let delete): return delete.rangeEnd.isEmpty
        case .txn(let txn): return txn.isBriefToApply(isBriefToCheck)
        case .range, .compaction, .leaseRevoke, .other, .none: return false
        }
    }

    /// Keys of a lease to which a caller may attach another one inline.
    private static let inlineLeaseKeysMax = 32

    /// Whether a put with this lease is permitted or refused in microseconds: with authentication
    /// enabled all keys of the lease are checked.
    private func isBriefToCheck(_ lease: Int64) -> Bool {
        guard lease != 0, state.auth.isEnabled else { return true }
        let attached = state.lessor[LeaseID(rawValue: lease)]?.keys.count ?? 0
        return attached <= Self.inlineLeaseKeysMax
    }
}

/// Requests decoded before they are applied, ascending by the index of their entry.
struct DecodedRequests {
    private var requests: Deque<(index: LogIndex, request: InternalRaftRequest)> = []

    /// The request of an entry; nil if it has none.
    mutating func decode(_ entry: Entry) -> InternalRaftRequest? {
        guard let request = try? InternalRaftRequest(decoding: entry.data) else { return nil }
        if requests.last.map({ $0.index < entry.index }) ?? true {
            requests.append((entry.index, request))
        }
        return request
    }

    /// The decoded request of the entry at an index, if any; earlier ones are dropped.
    mutating func take(_ index: LogIndex) -> InternalRaftRequest? {
        while let first = requests.first, first.index < index { requests.removeFirst() }
        guard let first = requests.first, first.index == index else { return nil }
        return requests.removeFirst().request
    }
}

extension TxnRequest {
    private static let briefOperationsMax = 16

    /// Whether it names all keys that it touches, and they are few, and so are those of its leases.
    fileprivate func isBriefToApply(_ isBriefToCheck: (_ lease: Int64) -> Bool) -> Bool {
        compare.count + success.count + failure.count <= Self.briefOperationsMax
            && compare.allSatisfy(\.rangeEnd.isEmpty)
            && success.allSatisfy { $0.isBriefToApply(isBriefToCheck) }
            && failure.allSatisfy { $0.isBriefToApply(isBriefToCheck) }
    }
}

extension RequestOp {
    fileprivate func isBriefToApply(_ isBriefToCheck: (_ lease: Int64) -> Bool) -> Bool {
        switch self {
        case .none: true
        case .put(let put): isBriefToCheck(put.lease)
        case .range(let range): range.rangeEnd.isEmpty
        case .deleteRange(let delete): delete.rangeEnd.isEmpty
        case .txn: false
        }
    }
}
