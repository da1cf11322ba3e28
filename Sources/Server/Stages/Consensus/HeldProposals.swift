import Raft
import Replica

/// Proposals that came while there was no leader to take them, in the order of their coming.
///
/// A proposal that is sent to a leader which cannot be reached is lost without a word, so it waits
/// here for the connection or for the next leader. What waits is bounded in bytes and in time.
struct HeldProposals {
    enum Held {
        case proposals([NumberedProposal])
        case membershipChange(id: UInt64, ConfChange)
        /// From another member, for the leader that this member is no longer about to be.
        case forwarded(Message)
    }

    struct Item {
        let held: Held
        /// The batch under which the apply stage knows its waiters; nil where nobody waits.
        let batch: ProposalBatchNumber?
        let deadline: Int64
        let bytes: Int
    }

    private var items: [Item] = []
    private var bytes = 0
    private let bytesMaximum: Int

    init(bytesMaximum: Int) { self.bytesMaximum = bytesMaximum }

    var isEmpty: Bool { items.isEmpty }

    /// - Returns: false when there is no room for it.
    mutating func add(_ held: Held, batch: ProposalBatchNumber?, deadline: Int64) -> Bool {
        let size = held.sizeBytes
        guard bytes + size <= bytesMaximum else { return false }
        bytes += size
        items.append(Item(held: held, batch: batch, deadline: deadline, bytes: size))
        return true
    }

    /// Drops what nobody waits for any more.
    ///
    /// - Returns: how many were dropped.
    @discardableResult
    mutating func dropExpired(_ now: Int64) -> Int {
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
    /// What a change of the membership counts as beside its context: a removal has none.
    private static let changeBytes = 64

    var sizeBytes: Int {
        switch self {
        case .proposals(let proposals): proposals.reduce(0) { $0 + $1.data.count }
        case .membershipChange(_, let change): change.context.count + Self.changeBytes
        case .forwarded(let message): message.entries.reduce(0) { $0 + $1.data.count }
        }
    }
}
