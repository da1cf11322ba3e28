import Membership
import Raft
import Synchronization

/// Who the other members are, as far as the connections to them know: what has changed since the
/// last look, and who was removed for good.
///
/// Any thread.
package final class PeerRoster: Sendable {
    private let members = Mutex(Members())
    /// Called once, when the cluster has removed this member.
    private let onRemoval: @Sendable () -> Void

    fileprivate struct Members {
        /// Peer URLs of the others, as the transport has them.
        var known: [Raft.MemberID: [String]] = [:]
        var removed: Set<Raft.MemberID> = []
        var isRemoved = false
        /// All members, as of the last change; nil before the first.
        var newest: [Member]?
    }

    init(onRemoval: @escaping @Sendable () -> Void) { self.onRemoval = onRemoval }

    /// Follows a change of the membership.
    ///
    /// - Returns: the members before it, nil before the first change, and what differs.
    func follow(
        _ membership: ClusterMembership
    ) -> (before: [Member]?, difference: MembershipDifference) {
        members.withLock { members in
            defer { members.newest = membership.members }
            return (members.newest, members.follow(membership))
        }
    }

    /// The cluster has removed this member: by its log, or by the word of another member.
    func wasRemoved() {
        let isNews = members.withLock { members in
            defer { members.isRemoved = true }
            return !members.isRemoved
        }
        if isNews { onRemoval() }
    }

    func isRemoved(_ id: Raft.MemberID) -> Bool { members.withLock { $0.removed.contains(id) } }
}

/// What a change of the membership means for the connections.
struct MembershipDifference {
    var added: [(Raft.MemberID, [String])] = []
    var moved: [(Raft.MemberID, [String])] = []
    var gone: [Raft.MemberID] = []
    var removed: [Raft.MemberID] = []
    /// This member itself was removed.
    var isRemoved = false
}

extension PeerRoster.Members {
    fileprivate mutating func follow(_ membership: ClusterMembership) -> MembershipDifference {
        var difference = MembershipDifference()
        var present: Set<Raft.MemberID> = []
        for member in membership.members where member.id != membership.localID {
            let id = Raft.MemberID(member.id.rawValue)
            present.insert(id)
            switch known[id] {
            case nil: difference.added.append((id, member.peerURLs))
            case member.peerURLs: continue
            default: difference.moved.append((id, member.peerURLs))
            }
            known[id] = member.peerURLs
        }
        difference.gone = known.keys.filter { !present.contains($0) }.sorted()
        for id in difference.gone { known[id] = nil }
        difference.removed = membership.removed.map { Raft.MemberID($0.rawValue) }
            .filter { !removed.contains($0) }.sorted()
        removed.formUnion(difference.removed)
        difference.isRemoved = membership.removed.contains(membership.localID)
        return difference
    }
}
