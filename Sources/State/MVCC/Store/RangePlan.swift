import EtcdAPI
import Identifiers

/// A range request with its resolved revision and its order of processing.
///
/// etcd's order: pairs in key order, at most limit + 1 of them where the sort order is NONE (of any
/// target) or ascending by key and nothing is filtered; then the revision filters; then sorting;
/// then truncation to the limit; then removal of the values if only keys are requested.
struct RangePlan {
    /// The sort key of the collected pairs.
    enum Target: Equatable {
        case key, version, create, mod, value
    }

    let request: RangeRequest
    /// The main revision that is read.
    let revision: Revision
    /// Maximum of pairs in the response, nil for all.
    let limit: Int?
    /// Maximum of pairs collected in key order, nil for all.
    let collectLimit: Int?
    /// Nil if the response is in key order.
    let sort: (target: Target, isDescending: Bool)?
    /// Whether any revision filter is set.
    let isFiltered: Bool

    init(_ request: RangeRequest, revision: Revision) {
        self.request = request
        self.revision = revision
        limit = request.limit > 0 ? Int(clamping: request.limit) : nil
        isFiltered =
            request.minModRevision != 0 || request.maxModRevision != 0
            || request.minCreateRevision != 0 || request.maxCreateRevision != 0
        sort = Self.sort(request)
        let collectsInOrder =
            request.sortOrder == .none
            || (request.sortTarget == .key && request.sortOrder == .ascend)
        if let limit, collectsInOrder, !isFiltered, limit < Int.max {
            collectLimit = limit + 1
        } else {
            collectLimit = nil
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

    /// Whether the index is visited backwards, so that a limit ends the visit.
    var isDescending: Bool { sort.map { $0 == (.key, true) } ?? false && !isSingle }

    /// Pairs collected at most before those beyond the limit are dropped; nil for all.
    var prunedCount: Int? {
        guard let limit, limit <= Self.prunedLimitMax else { return nil }
        return max(2 * limit, Self.prunedCountMin)
    }

    private static let prunedCountMin = 64
    private static let prunedLimitMax = 1 << 32

    private var isSingle: Bool { request.rangeEnd.isEmpty }

    /// Whether the response is made from the index alone, which omits the lease too.
    var isIndexOnly: Bool { request.keysOnly && request.sortTarget != .value }

    /// Whether record lookups are batched: for more than a few pairs that are returned as stored.
    var prefetches: Bool {
        !isIndexOnly && !isFiltered && sort == nil && (limit ?? .max) > 4
    }

    /// Whether a pair passes the revision filters.
    @inline(__always)
    func admits(_ record: KeyRecord) -> Bool {
        guard isFiltered else { return true }
        let modified = record.modified.main.rawValue
        let created = record.created.main.rawValue
        if request.maxModRevision != 0, modified > request.maxModRevision { return false }
        if request.minModRevision != 0, modified < request.minModRevision { return false }
        if request.maxCreateRevision != 0, created > request.maxCreateRevision { return false }
        if request.minCreateRevision != 0, created < request.minCreateRevision { return false }
        return true
    }
}

extension RangeRequest {
    /// Whether the response is one key's pair as stored, or empty: sorting and a limit make no
    /// difference then.
    var wantsOnePair: Bool {
        rangeEnd.isEmpty && !countOnly && !keysOnly && minModRevision == 0 && maxModRevision == 0
            && minCreateRevision == 0 && maxCreateRevision == 0
    }
}
