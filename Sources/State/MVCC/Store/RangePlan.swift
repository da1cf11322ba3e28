import EtcdAPI

/// A range request with its revision settled and the order of processing worked out.
///
/// etcd's order: pairs in key order, at most limit + 1 of them where the sort order is NONE (of
/// any target) or ascending by key and nothing is filtered; then the revision filters; then
/// sorting; then the cut to the limit; then the values go if only keys are asked for.
struct RangePlan {
    /// What pairs are sorted by after they were gathered.
    enum Target: Equatable {
        case key, version, create, mod, value
    }

    let request: RangeRequest
    /// The main revision that is read.
    let revision: Int64
    /// Most pairs in the answer, nil for all.
    let limit: Int?
    /// Most pairs gathered in key order, nil for all.
    let gatherLimit: Int?
    /// Nil where key order is the answer's order.
    let sort: (target: Target, isDescending: Bool)?
    /// Whether any revision filter is set.
    let isFiltered: Bool

    init(_ request: RangeRequest, revision: Int64) {
        self.request = request
        self.revision = revision
        limit = request.limit > 0 ? Int(clamping: request.limit) : nil
        isFiltered =
            request.minModRevision != 0 || request.maxModRevision != 0
            || request.minCreateRevision != 0 || request.maxCreateRevision != 0
        sort = Self.sort(request)
        let gathersInOrder =
            request.sortOrder == .none
            || (request.sortTarget == .key && request.sortOrder == .ascend)
        if let limit, gathersInOrder, !isFiltered, limit < Int.max {
            gatherLimit = limit + 1
        } else {
            gatherLimit = nil
        }
    }

    private static func sort(
        _ request: RangeRequest
    ) -> (target: Target, isDescending: Bool)? {
        let isDescending = request.sortOrder == .descend
        switch request.sortTarget {
        case .version: return (.version, isDescending)
        case .create: return (.create, isDescending)
        case .mod: return (.mod, isDescending)
        case .value: return (.value, isDescending)
        default: return isDescending ? (.key, true) : nil
        }
    }

    /// Whether answers are made from the index alone, which leaves the lease out too.
    var isIndexOnly: Bool { request.keysOnly && request.sortTarget != .value }

    /// Whether looking records up in bunches pays: for more than a few pairs, as they are stored.
    var readsAhead: Bool {
        !isIndexOnly && !isFiltered && sort == nil && (limit ?? .max) > 4
    }

    /// Whether a pair passes the revision filters.
    @inline(__always)
    func admits(_ record: KeyRecord) -> Bool {
        guard isFiltered else { return true }
        let modified = record.modified.main
        let created = record.created.main
        if request.maxModRevision != 0, modified > request.maxModRevision { return false }
        if request.minModRevision != 0, modified < request.minModRevision { return false }
        if request.maxCreateRevision != 0, created > request.maxCreateRevision { return false }
        if request.minCreateRevision != 0, created < request.minCreateRevision { return false }
        return true
    }
}

extension RangeRequest {
    /// Whether the answer is one key's pair as it is stored, or nothing: sorting and a limit make
    /// no difference then.
    var wantsOnePair: Bool {
        rangeEnd.isEmpty && !countOnly && !keysOnly && minModRevision == 0 && maxModRevision == 0
            && minCreateRevision == 0 && maxCreateRevision == 0
    }
}
