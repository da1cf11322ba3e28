import Identifiers
import Membership
import Synchronization

/// The members as the transport knows them; computes what a membership change means for the peer
/// connections, and remembers removed members.
///
/// May be called on any thread.
package final class PeerRoster: Sendable {
    private let members = Mutex(Members())
    /// Called once, when the cluster has removed this member.
    private let onRemoval: @Sendable () -> Void

    fileprivate struct Members {
        /// Peer URLs of the other members, as the transport has them.
        var known: [MemberID: [String]] = [:]
        var removed: Set<MemberID> = []
        var isRemoved = false
        /// All members as of the last change; nil before the first.
        var newest: [Member]?
    }

    init(onRemoval: @escaping @Sendable () -> Void) { self.onRemoval = onRemoval }

    /// Applies a change of the membership.
    ///
    /// - Returns: the members before the change, nil before the first, and the difference.
    func follow(
        _ membership: ClusterMembership
    ) -> (before: [Member]?, difference: MembershipDifference) {
        members.withLock { members in
            defer { members.newest = membership.members }
            return (members.newest, members.follow(membership))
        }
    }

    /// The cluster has removed this member, according to the log or to another member.
    func wasRemoved() {
        let isFirst = members.withLock { members in
            defer { members.isRemoved = true }
            return !members.isRemoved
        }
        if isFirst { onRemoval() }
    }

    func isRemoved(_ id: MemberID) -> Bool { members.withLock { $0.removed.contains(id) } }
}

/// The effect of a membership change on the peer connections.
struct MembershipDifference {
    var added: [(MemberID, [String])] = []
    var moved: [(MemberID, [String])] = []
    var gone: [MemberID] = []
    var removed: [MemberID] = []
    /// This member itself was removed.
    var isRemoved = false
}

extension PeerRoster.Members {
    fileprivate mutating func follow(_ membership: ClusterMembership) -> MembershipDifference {
        var difference = MembershipDifference()
        var present: Set<MemberID> = []
        for member in membership.members where member.id != membership.localID {
            let id = member.id
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
        difference.removed = membership.removed.filter { !removed.contains($0) }.sorted()
        removed.formUnion(difference.removed)
        difference.isRemoved = membership.removed.contains(membership.localID)
        return difference
    }
}
