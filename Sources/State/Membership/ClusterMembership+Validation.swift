package import EtcdAPI
package import Identifiers

/// A membership change of a committed entry.
package enum MemberChange: Equatable, Sendable {
    case add(Member)
    case promote(MemberID)
    case remove(MemberID)
    case setPeerURLs(MemberID, [String])
}

/// Checks whether a change is still valid when its entry is applied.
extension ClusterMembership {
    /// - Throws: etcd's error for a change of an unknown, removed or already existing member.
    package func validate(_ change: MemberChange, learnersMax: Int) throws(EtcdError) {
        switch change {
        case .add(let member):
            guard !removed.contains(member.id) else { throw .memberNotFound }
            guard self[member.id] == nil else { throw .memberExists }
            try requireFree(member.peerURLs, except: nil)
            if member.isLearner, members.count(where: \.isLearner) >= learnersMax {
                throw .tooManyLearners
            }
        case .promote(let id):
            guard let member = self[id] else { throw .memberNotFound }
            guard member.isLearner else { throw .memberNotLearner }
        case .remove(let id):
            guard self[id] != nil else { throw .memberNotFound }
        case .setPeerURLs(let id, let urls):
            guard self[id] != nil else { throw .memberNotFound }
            try requireFree(urls, except: id)
        }
    }

    private func requireFree(_ urls: [String], except id: MemberID?) throws(EtcdError) {
        for member in members where member.id != id {
            guard member.peerURLs.allSatisfy({ !urls.contains($0) }) else { throw .peerURLExists }
        }
    }
}
