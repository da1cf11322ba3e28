import EtcdAPI
import Raft

/// What a guest may apply: little enough that an event loop does not notice, and nothing whose
/// cost the request does not show. More is left to the owner.
extension ApplyThread {
    private static let guestEntriesMax = 8
    private static let guestBytesMax = 16 << 10
    private static let guestAnswersMax = 64
    /// Watchers of the member: a change might be for all of them.
    private static let guestWatchersMax = 1000

    func isBrief(_ batch: [ApplyMessage]) -> Bool {
        var (entries, bytes, answers) = (0, 0, 0)
        for message in batch {
            switch message {
            case .entries(let committed):
                entries += committed.count
                guard entries <= Self.guestEntriesMax else { return false }
                for entry in committed { bytes += entry.data.count }
                guard bytes <= Self.guestBytesMax, committed.allSatisfy(\.isBriefToApply) else {
                    return false
                }
            case .expect(let registrations, _): answers += registrations.count
            case .readable(_, let addresses): answers += addresses.count
            case .refused: answers += 1
            case .work(_, let isBrief):
                guard isBrief else { return false }
                answers += 1
            case .install, .role, .snapshot, .compacted: return false
            }
        }
        return answers <= Self.guestAnswersMax
            && (entries == 0 || runtime.watchers.counts.watchers <= Self.guestWatchersMax)
    }
}

extension Entry {
    /// Whether applying it touches few keys, by what its request says.
    fileprivate var isBriefToApply: Bool {
        guard type == .normal else { return false }
        if data.isEmpty { return true }
        guard let request = try? InternalRaftRequest(decoding: data) else { return false }
        switch request.payload {
        case .put, .leaseGrant: return true
        case .deleteRange(let delete): return delete.rangeEnd.isEmpty
        case .txn(let txn): return txn.isBriefToApply
        case .range, .compaction, .leaseRevoke, .other, .none: return false
        }
    }
}

extension TxnRequest {
    private static let briefOperationsMax = 16

    /// Whether it names the keys that it touches, and they are few.
    fileprivate var isBriefToApply: Bool {
        compare.count + success.count + failure.count <= Self.briefOperationsMax
            && compare.allSatisfy(\.rangeEnd.isEmpty)
            && success.allSatisfy(\.isBriefToApply) && failure.allSatisfy(\.isBriefToApply)
    }
}

extension RequestOp {
    fileprivate var isBriefToApply: Bool {
        switch self {
        case .none, .put: true
        case .range(let range): range.rangeEnd.isEmpty
        case .deleteRange(let delete): delete.rangeEnd.isEmpty
        case .txn: false
        }
    }
}
