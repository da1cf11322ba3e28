import MonotonicClock
import Raft
import Replica

/// Proposals held while no leader can take them, in the order of arrival.
///
/// A proposal sent to an unreachable leader is lost silently, so it is held here until the
/// connection or the next leader is there. Held proposals are bounded in bytes and in time.
struct HeldProposals {
    enum Held {
        case proposals([NumberedProposal])
        case membershipChange(id: UInt64, ConfChange)
        /// Forwarded by a member that takes this one for the leader: it was, or is about to be.
        case forwarded(Message)
    }

    struct Item {
        let held: Held
        /// The batch under which the apply stage has registered the waiters; nil without any.
        let batch: ProposalBatchNumber?
        let deadline: MonotonicTime
        let bytes: Int
    }

    private var items: [Item] = []
    private var bytes = 0
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    var isEmpty: Bool { items.isEmpty }

    /// - Returns: false when its capacity is exceeded.
    mutating func add(_ held: Held, batch: ProposalBatchNumber?, deadline: MonotonicTime) -> Bool {
        let size = held.sizeBytes
        guard bytes + size <= bytesMax else { return false }
        bytes += size
        items.append(Item(held: held, batch: batch, deadline: deadline, bytes: size))
        return true
    }

    /// Drops proposals whose waiters have timed out.
    ///
    /// - Returns: how many were dropped.
    @discardableResult
    mutating func dropExpired(_ now: MonotonicTime) -> Int {
        let before = items.count
        items.removeAll { $0.deadline <= now }
        if items.count < before { bytes = items.reduce(0) { $0 + $1.bytes } }
        return before - items.count
    }

    mutating func takeAll() -> [Item] {
        defer {
            items.removeAll()
            bytes = 0
        }
        return items
    }
}

extension HeldProposals.Held {
    /// What a change of the membership counts in addition to its context: a removal has none.
    private static let changeBytes = 64

    var sizeBytes: Int {
        switch self {
        case .proposals(let proposals): proposals.reduce(0) { $0 + $1.data.count }
        case .membershipChange(_, let change): change.context.count + Self.changeBytes
        case .forwarded(let message): message.entries.reduce(0) { $0 + $1.data.count }
        }
    }
}
