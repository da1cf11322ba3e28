import Auth
import EtcdAPI
import Lease
import MVCC
import Membership

/// Decodes the request of an entry and dispatches it.
///
/// The order of checks is etcd's: root for changes of users, the CORRUPT alarm, the NOSPACE alarm,
/// permissions, the quota, and then what the request itself needs.
extension StateMachine {
    func applyRequest(
        _ entry: CommittedEntry, isAwaited: (UInt64) -> Bool
    ) throws(StateError) -> AppliedEntry {
        guard !entry.data.isEmpty else { return AppliedEntry(response: makeResponse(.done)) }
        guard let request = entry.request ?? (try? InternalRaftRequest(decoding: entry.data)) else {
            return try applyLegacy(entry)
        }
        if case .none = request.payload { return try applyLegacy(entry) }
        let id = request.header?.id ?? request.id
        var applied = try dispatch(request, entry, isAwaited: isAwaited(id))
        applied.id = id
        return applied
    }

    private func dispatch(
        _ request: InternalRaftRequest, _ entry: CommittedEntry, isAwaited: Bool
    ) throws(StateError) -> AppliedEntry {
        if let applied = try applyClusterRequest(request, entry) { return applied }
        if alarms.isActive(.corrupt), request.isRefusedWhenCorrupt {
            return AppliedEntry(response: makeResponse(.failed(.corrupt)))
        }
        let requester = auth.isEnabled ? Requester(request.header) : nil
        switch request.payload {
        case .put(let put): return try apply(put, by: requester, isAwaited: isAwaited)
        case .deleteRange(let delete):
            return try apply(delete, by: requester, isAwaited: isAwaited)
        case .txn(let txn): return try apply(txn, by: requester, isAwaited: isAwaited)
        case .range(let range): return try apply(range, by: requester, isAwaited: isAwaited)
        case .compaction(let compaction): return apply(compaction)
        case .leaseGrant(let grant): return apply(grant)
        case .leaseRevoke(let revoke): return apply(revoke, by: requester)
        case .other(let field, let bytes):
            return try applyOther(field, bytes, request.header, entry)
        case .none: return AppliedEntry(response: makeResponse(.done))
        }
    }

    private func applyOther(
        _ field: UInt32, _ bytes: ArraySlice<UInt8>, _ header: RequestHeader?,
        _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry {
        switch field {
        case InternalRaftRequest.Field.alarm:
            return try applyAlarm(message(bytes, entry))
        case InternalRaftRequest.Field.leaseCheckpoint:
            return try applyCheckpoint(message(bytes, entry))
        default:
            if let applied = try applyAuthRequest(field, bytes, header, entry) { return applied }
            throw .unknownRequest(index: entry.index, field: field)
        }
    }

    /// Applies a v2 store request, which members before 3.6 propose.
    private func applyLegacy(_ entry: CommittedEntry) throws(StateError) -> AppliedEntry {
        guard let request = LegacyRequest(entryData: entry.data) else {
            throw .undecodableEntry(index: entry.index)
        }
        var applied = AppliedEntry(response: makeResponse(.done))
        applied.id = request.id
        let change = ClusterMembership.legacyChange(
            path: String(decoding: request.path, as: UTF8.self),
            value: String(decoding: request.value, as: UTF8.self))
        switch change {
        case .attributes(let id, let name, let urls):
            mutate { membership.publish(name: name, clientURLs: urls, of: id, into: &$0) }
        case .version(let version): setVersion(version, &applied)
        case nil: break
        }
        return applied
    }
}

extension InternalRaftRequest {
    /// Whether the request is rejected while the CORRUPT alarm is active.
    fileprivate var isRefusedWhenCorrupt: Bool {
        switch payload {
        case .put, .deleteRange, .txn, .compaction, .leaseGrant, .leaseRevoke: true
        case .range, .other, .none: false
        }
    }
}
