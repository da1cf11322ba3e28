import Bolt
import EtcdAPI

/// The pairs of a sorted range: collected in slices in key order, then sorted and truncated.
///
/// It holds records, not values. Only for sorting by value it points to the values, and retains the
/// objects that hold them.
struct RangeSelection {
    private struct Candidate {
        var record: KeyRecord
        var value: UnsafeRawBufferPointer
    }

    private var candidates: ContiguousArray<Candidate> = []
    private var position: RangePosition
    private var holders: [AnyObject] = []
    private var collected = 0
    private(set) var isCollected = false
    private(set) var hasMore = false

    init(_ plan: RangePlan) {
        position = RangePosition(plan)
    }

    /// Pairs selected; final once `order` has run.
    var count: Int { candidates.count }

    subscript(index: Int) -> KeyRecord { candidates[index].record }

    /// Collects one slice. The caller holds the store's lock.
    mutating func collect(
        _ plan: RangePlan, in store: Store, budget: inout RangeBudget
    ) throws(StoreError) {
        let needsValues = plan.sort?.target == .value
        if needsValues { hold(store) }
        let end = plan.collectLimit
        var records = RecordFinder(store)
        let isComplete = try position.advance(plan, in: store, budget: &budget) {
            _, record throws(StoreError) in
            if let end, collected == end { return .stop }
            collected += 1
            guard plan.admits(record) else { return .passed(bytes: 0) }
            var candidate = Candidate(
                record: record, value: UnsafeRawBufferPointer(start: nil, count: 0))
            if needsValues { candidate.value = try records.view(of: record.modified).value }
            candidates.append(candidate)
            return .passed(bytes: 0)
        }
        isCollected = isComplete
    }

    private mutating func hold(_ store: Store) {
        let present: [AnyObject?] = [store.snapshot, store.committing, store.open]
        for object in present {
            guard let object else { continue }
            if !holders.contains(where: { held in held === object }) { holders.append(object) }
        }
    }

    /// Sorts and truncates to the limit. Needs no lock.
    mutating func order(_ plan: RangePlan) {
        if let (target, isDescending) = plan.sort { sort(by: target, isDescending) }
        if let limit = plan.limit, candidates.count > limit {
            candidates.removeLast(candidates.count - limit)
            hasMore = true
        }
        holders = []
    }

    /// Equal pairs stay in key order in both directions, as in etcd's responses.
    private mutating func sort(by target: RangePlan.Target, _ isDescending: Bool) {
        switch target {
        case .key: if isDescending { candidates.reverse() }
        case .version: sort(isDescending) { $0.record.version }
        case .create: sort(isDescending) { $0.record.created.main.rawValue }
        case .mod: sort(isDescending) { $0.record.modified.main.rawValue }
        case .value:
            candidates.sort { left, right in
                let order = compareBytes(left.value, right.value)
                return isDescending ? order > 0 : order < 0
            }
        }
    }

    private mutating func sort(_ isDescending: Bool, by number: (Candidate) -> Int64) {
        candidates.sort { left, right in
            isDescending ? number(left) > number(right) : number(left) < number(right)
        }
    }
}
