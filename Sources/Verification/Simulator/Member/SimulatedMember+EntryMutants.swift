import EtcdAPI
import Identifiers
import Raft
import Stages

/// Mutants that leave out a check. Of permissions: such an entry is applied as if root had made it.
extension SimulatedMember {
    /// The input of the apply stage with some entries changed, before any of them is decoded. What
    /// the checkers see stays as it was.
    func mutated(_ input: ApplyInput) -> ApplyInput {
        guard let mutant = simulation.mutant, case .entries(let entries) = input else {
            return input
        }
        if mutant == .unawaitedRangesUnchecked, !configuration.buildsUnawaitedResponses {
            return .entries(entries.map { withoutUnawaitedRanges($0) })
        }
        guard mutant.leavesOutPermission else { return input }
        return .entries(entries.map { mutated($0, mutant) })
    }

    /// The entry without the ranges of its transaction, if another member has proposed it: the half
    /// of a request ID that names the host says so.
    private func withoutUnawaitedRanges(_ entry: Entry) -> Entry {
        guard entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: entry.data),
            let header = request.header, header.id >> 48 != UInt64(host.number + 1),
            case .txn(let txn) = request.payload
        else { return entry }
        var changed = entry
        changed.data = InternalRaftRequest(
            id: request.id, header: header, payload: .txn(txn.withoutRanges)
        ).encoded()
        simulation.originals[entry.index] = entry
        return changed
    }

    private func mutated(_ entry: Entry, _ mutant: Mutant) -> Entry {
        guard entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: entry.data),
            let former = request.header,
            mutant.leavesOutPermission(of: request)
        else { return entry }
        let user = mutant == .appliesOldRevisions ? former.username : "root"
        var changed = entry
        // A revision that is never old.
        let header = RequestHeader(id: former.id, username: user, authRevision: .max)
        changed.data = InternalRaftRequest(
            id: request.id, header: header, payload: request.payload
        ).encoded()
        simulation.originals[entry.index] = entry
        return changed
    }
}

extension Mutant {
    /// Whether entries are changed before they are applied.
    fileprivate var leavesOutPermission: Bool {
        switch self {
        case .appliesOldRevisions, .putPreviousUnchecked, .nestedUnchecked, .comparesUnchecked,
            .leaseKeysUnchecked, .rangeEndUnchecked, .usersChangedByAnybody:
            true
        default: false
        }
    }

    /// Whether this request is not checked.
    fileprivate func leavesOutPermission(of request: InternalRaftRequest) -> Bool {
        switch (self, request.payload) {
        case (.appliesOldRevisions, _): request.header?.username.isEmpty == false
        case (.putPreviousUnchecked, .put(let put)): put.prevKV
        case (.nestedUnchecked, .txn(let txn)): txn.hasNested
        case (.comparesUnchecked, .txn(let txn)): !txn.compare.isEmpty
        case (.leaseKeysUnchecked, .put(let put)): put.lease != 0
        case (.rangeEndUnchecked, .deleteRange(let delete)): !delete.rangeEnd.isEmpty
        case (.usersChangedByAnybody, .other(let field, _)):
            (InternalRaftRequest.Field
                .authEnable...InternalRaftRequest.Field
                .authRoleRevokePermission).contains(field)
        default: false
        }
    }
}

extension TxnRequest {
    fileprivate var withoutRanges: TxnRequest {
        TxnRequest(
            compare: compare, success: success.withoutRanges, failure: failure.withoutRanges)
    }

    fileprivate var hasNested: Bool {
        (success + failure).contains { operation in
            if case .txn = operation { return true }
            return false
        }
    }
}

extension [RequestOp] {
    fileprivate var withoutRanges: [RequestOp] {
        compactMap { operation in
            switch operation {
            case .range: nil
            case .txn(let inner): .txn(inner.withoutRanges)
            case .put, .deleteRange, .none: operation
            }
        }
    }
}
