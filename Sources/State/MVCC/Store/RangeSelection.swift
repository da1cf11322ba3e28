import Bolt
import EtcdAPI

/// The pairs of a sorted range: collected in slices, then sorted and truncated. With a limit, those
/// beyond it are dropped while they are collected.
///
/// A slice has two steps: `collect`, under the store's lock, takes records from the index; `settle`
/// reads values and drops pairs without the lock. It holds records, not values. Only for sorting by
/// value it points to the values, and retains the objects that hold them.
struct RangeSelection {
    private var candidates: ContiguousArray<Candidate> = []
    private var position: RangePosition
    private var holders: [AnyObject] = []
    private var collected = 0
    /// Pairs after the last `settle`.
    private var settledCount = 0
    private(set) var isCollected = false
    private(set) var hasMore = false

    init(_ plan: RangePlan) {
        position = RangePosition(plan)
    }

    /// Pairs selected; final once `order` has run.
    var count: Int { candidates.count }

    subscript(index: Int) -> FoundRecord { candidates[index].found }

    /// The first step of a slice.
    mutating func collect(
        _ plan: RangePlan, in state: borrowing StoreState, budget: inout RangeBudget
    ) throws(StoreError) {
        let end = plan.collectLimit
        let buffered = BufferedRecords(state)
        isCollected = try position.advance(plan, in: state, budget: &budget) {
            _, record throws(StoreError) in
            if let end, collected == end { return .stop }
            collected += 1
            guard plan.admits(record) else { return .passed(bytes: 0) }
            candidates.append(
                Candidate(
                    found: FoundRecord(
                        record: record, buffered: buffered.value(of: record.modified)),
                    value: UnsafeRawBufferPointer(start: nil, count: 0)))
            if plan.isDescending, let limit = plan.limit, candidates.count > limit { return .stop }
            return .passed(bytes: 0)
        }
    }

    /// The second step of a slice; needs no lock.
    mutating func settle(
        _ plan: RangePlan, _ records: inout RetainedRecords
    ) throws(StoreError) {
        if plan.sort?.target == .value {
            records.addHolders(to: &holders)
            for index in settledCount..<candidates.count {
                candidates[index].value = try records.view(of: candidates[index].found).value
            }
        }
        if let count = plan.prunedCount, candidates.count >= count {
            hasMore = candidates.order(plan) || hasMore
        }
        settledCount = candidates.count
    }

    /// Sorts and truncates to the limit. Needs no lock.
    mutating func order(_ plan: RangePlan) {
        hasMore = candidates.order(plan) || hasMore
        holders = []
    }
}

extension RangeSelection {
    fileprivate struct Candidate {
        var found: FoundRecord
        var value: UnsafeRawBufferPointer

        var record: KeyRecord { found.record }
    }
}

extension ContiguousArray<RangeSelection.Candidate> {
    /// Sorts, and truncates to the limit; returns whether that dropped any.
    fileprivate mutating func order(_ plan: RangePlan) -> Bool {
        if let (target, isDescending) = plan.sort { sort(by: target, isDescending) }
        guard let limit = plan.limit, count > limit else { return false }
        removeLast(count - limit)
        return true
    }

    /// Equal pairs stay in key order in both directions, as in etcd's responses.
    private mutating func sort(by target: RangePlan.Target, _ isDescending: Bool) {
        switch target {
        // They were collected in this order.
        case .key: break
        case .version: sort(isDescending) { $0.record.version }
        case .create: sort(isDescending) { $0.record.created.main.rawValue }
        case .mod: sort(isDescending) { $0.record.modified.main.rawValue }
        case .value:
            sort { left, right in
                let order = compareBytes(left.value, right.value)
                return isDescending ? order > 0 : order < 0
            }
        }
    }

    private mutating func sort(
        _ isDescending: Bool, by number: (RangeSelection.Candidate) -> Int64
    ) {
        sort { left, right in
            isDescending ? number(left) > number(right) : number(left) < number(right)
        }
    }
}
