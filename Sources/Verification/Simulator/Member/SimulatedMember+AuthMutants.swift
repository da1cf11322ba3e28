import EtcdAPI
import Identifiers
import Raft
import Stages

/// Mutants that leave out a check of permissions: such an entry is applied as if root had made it.
extension SimulatedMember {
    /// The input of the apply stage with some entries changed, before any of them is decoded. What
    /// the checkers see stays as it was.
    func mutatedByAuth(_ input: ApplyInput) -> ApplyInput {
        guard let mutant = simulation.mutant, mutant.leavesOutPermission,
            case .entries(let entries) = input
        else { return input }
        return .entries(entries.map { mutated($0, mutant) })
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
    fileprivate var hasNested: Bool {
        (success + failure).contains { operation in
            if case .txn = operation { return true }
            return false
        }
    }
}
