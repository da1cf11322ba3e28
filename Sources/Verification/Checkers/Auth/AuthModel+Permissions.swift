package import Linearizability

/// The keys that are attached to a lease.
package typealias ModelledLeaseKeys = (Int64) -> [String]

/// What a caller may do. The order in which etcd checks does not matter here, only the result.
extension AuthModel {
    /// Whether a change, or a transaction, may be applied.
    ///
    /// - Parameter keys: the keys of a lease before it.
    package func permits(
        _ operation: StoreOperation, by caller: ModelledCaller, keys: ModelledLeaseKeys
    ) -> Bool {
        operation.accesses(keys: keys).allSatisfy { permits($0, by: caller) }
    }

    /// Whether a lease may be revoked or renewed: WRITE on all its keys. Root may whatever the
    /// revision of its credentials is: so leases of a member that lags expire.
    package func permitsChange(ofLeaseWith keys: [String], by caller: ModelledCaller) -> Bool {
        guard isEnabled, !isRoot(caller.user) else { return true }
        return keys.allSatisfy { permits(.write(KeyRange(key: $0)), by: caller) }
    }

    /// Whether a range may be watched from now on.
    package func permitsWatch(of range: KeyRange, by caller: ModelledCaller) -> Bool {
        permits(.read(range), by: caller)
    }

    /// Whether a range may be read now. Unlike a change or a watch, never with credentials of a
    /// later revision.
    package func permitsRead(of range: KeyRange, by caller: ModelledCaller) -> Bool {
        guard isEnabled else { return true }
        if let limit = caller.revision, limit != revision { return false }
        return permits(.read(range), by: caller)
    }

    /// Whether a request that needs the role root may be made.
    package func permitsAdministration(by caller: ModelledCaller) -> Bool {
        !isEnabled || isRoot(caller.user)
    }

    /// Whether a request that needs any credentials may be made.
    package func permitsUser(_ caller: ModelledCaller) -> Bool { !isEnabled || caller.user != nil }

    private func permits(_ access: Access, by caller: ModelledCaller) -> Bool {
        guard isEnabled else { return true }
        guard let user = caller.user, let held = users[user] else { return false }
        if let limit = caller.revision, limit < revision { return false }
        if held.contains(Self.root) { return true }
        let permissions = held.flatMap { roles[$0] ?? [] }
        let ranges = permissions.filter { $0.kind.permits(access) }.map(\.range)
        return access.range.isCovered(by: ranges)
    }
}

/// An access to keys.
enum Access: Hashable {
    case read(KeyRange)
    case write(KeyRange)

    var range: KeyRange {
        switch self {
        case .read(let range), .write(let range): range
        }
    }
}

extension ModelledPermission.Kind {
    func permits(_ access: Access) -> Bool {
        switch (self, access) {
        case (.readWrite, _), (.read, .read), (.write, .write): true
        case (.read, .write), (.write, .read): false
        }
    }
}

extension KeyRange {
    /// The end that stands for all keys.
    package static let openEnd = "\0"

    /// The first key after the range; nil for a range without end.
    private var limit: String? {
        switch end {
        case nil: key + "\0"
        case Self.openEnd?: nil
        case let end?: end
        }
    }

    /// Whether the union of ranges has every key of this one. One whose end is not after its key
    /// is covered by a range that has its key.
    func isCovered(by ranges: [KeyRange]) -> Bool {
        var position = key
        while true {
            let next = ranges.filter { $0.key <= position && $0.reaches(beyond: position) }
            guard !next.isEmpty else { return false }
            guard let limit else {
                if next.contains(where: { $0.limit == nil }) { return true }
                guard let farthest = next.compactMap(\.limit).max() else { return true }
                position = farthest
                continue
            }
            guard let farthest = next.map({ $0.limit ?? limit }).max(), farthest < limit,
                !next.contains(where: { $0.limit == nil })
            else { return true }
            position = farthest
        }
    }

    private func reaches(beyond position: String) -> Bool { limit.map { position < $0 } ?? true }
}

extension StoreOperation {
    /// Every access that the operation needs, of both branches and at every level.
    func accesses(keys: ModelledLeaseKeys) -> [Access] {
        switch self {
        case .put(let key, _, let lease, let wantsPrevious):
            let range = KeyRange(key: key)
            let attached = lease == 0 ? [] : keys(lease).map { Access.write(KeyRange(key: $0)) }
            return [.write(range)] + attached + (wantsPrevious ? [.read(range)] : [])
        case .delete(let key, let end, let wantsPrevious):
            let range = KeyRange(key: key, end: end)
            return [.write(range)] + (wantsPrevious ? [.read(range)] : [])
        case .range(let key, let end, _, _): return [.read(KeyRange(key: key, end: end))]
        case .transaction(let comparisons, let success, let failure):
            return comparisons.map { .read(KeyRange(key: $0.key, end: $0.end)) }
                + (success + failure).flatMap { $0.accesses(keys: keys) }
        }
    }
}
