import Bolt
package import EtcdAPI
import Identifiers
import MVCC
import Membership
import SwiftProtobuf

/// Membership changes and cluster requests.
extension StateMachine {
    /// Applies a request about the cluster; nil for any other.
    func applyClusterRequest(
        _ request: InternalRaftRequest, _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard case .other(let field, let bytes) = request.payload else { return nil }
        var applied = AppliedEntry(response: makeResponse(.done))
        switch field {
        case InternalRaftRequest.Field.clusterVersionSet:
            let set: Membershippb_ClusterVersionSetRequest = try message(bytes, entry)
            applied.operation = "ClusterVersionSet"
            if let version = SemanticVersion(set.ver) { setVersion(version, &applied) }
        case InternalRaftRequest.Field.clusterMemberAttributesSet:
            let set: Membershippb_ClusterMemberAttrSetRequest = try message(bytes, entry)
            applied.operation = "ClusterMemberAttrSet"
            mutate { batch in
                membership.publish(
                    name: set.memberAttributes.name, clientURLs: set.memberAttributes.clientUrls,
                    of: MemberID(rawValue: set.memberID), into: &batch)
            }
        case InternalRaftRequest.Field.downgradeInfoSet:
            let set: Membershippb_DowngradeInfoSetRequest = try message(bytes, entry)
            applied.operation = "DowngradeInfoSet"
            let job = ClusterMembership.Downgrade(
                isEnabled: set.enabled, targetVersion: set.enabled ? set.ver : "")
            mutate { membership.setDowngrade(job, into: &$0) }
        case InternalRaftRequest.Field.downgradeVersionTest:
            applied.operation = "DowngradeVersionTest"
        default: return nil
        }
        return applied
    }

    /// Applies a ConfChange. A change that is no longer valid has no effect on any member.
    func applyMemberChange(_ entry: CommittedEntry) -> AppliedEntry {
        guard let change = try? RaftConfChange(decoding: entry.data),
            let memberChange = MemberChange(change)
        else { return AppliedEntry(response: makeResponse(.done)) }
        var applied = AppliedEntry(response: makeResponse(.done))
        applied.id = change.id
        do throws(EtcdError) {
            try membership.validate(memberChange, learnersMax: configuration.learnersMax)
        } catch {
            applied.response = makeResponse(.failed(error))
            return applied
        }
        mutate { batch in
            switch memberChange {
            case .add(let member): membership.add(member, into: &batch)
            case .promote(let id): membership.promote(id, into: &batch)
            case .remove(let id): membership.remove(id, into: &batch)
            case .setPeerURLs(let id, let urls):
                membership.setPeerURLs(urls, of: id, into: &batch)
            }
        }
        if !confState.isJoint { confState = membership.confState }
        store.setConfState(confState.stored)
        applied.memberChange = memberChange
        applied.removesLocalMember = memberChange == .remove(membership.localID)
        applied.change = .single(entry.data, index: entry.index)
        applied.response = makeResponse(.members(membership.members))
        return applied
    }

    /// Applies a ConfChangeV2, which only affects the ConfState: etcd never proposes one.
    func applyGeneralChange(_ entry: CommittedEntry) -> AppliedEntry {
        var applied = AppliedEntry(response: makeResponse(.done))
        if let change = try? RaftConfChangeV2(decoding: entry.data) {
            confState = confState.applying(change)
            store.setConfState(confState.stored)
        }
        applied.change = .general(entry.data, index: entry.index)
        return applied
    }

    /// Skips an entry that the state has already applied.
    ///
    /// Raft still has to apply its configuration change: the database of a snapshot may be ahead of
    /// the snapshot, and so of the configuration that Raft knows.
    func skip(_ entry: CommittedEntry) -> AppliedEntry {
        var skipped = AppliedEntry(response: makeResponse(.done))
        switch entry.kind {
        case .request: break
        case .memberChange:
            if isInEffect(entry) { skipped.change = .single(entry.data, index: entry.index) }
        case .generalChange: skipped.change = .general(entry.data, index: entry.index)
        }
        return skipped
    }

    /// Whether the membership still reflects a change that was applied before. It does not if the
    /// change was rejected, or overridden by a later one, which Raft applies then.
    private func isInEffect(_ entry: CommittedEntry) -> Bool {
        guard let change = try? RaftConfChange(decoding: entry.data) else { return false }
        let member = membership[MemberID(rawValue: change.nodeID)]
        return switch change.type {
        case .addNode: member?.isLearner == false
        case .addLearnerNode: member?.isLearner == true
        case .removeNode: member == nil
        default: false
        }
    }

    /// Decodes a generated message of an entry.
    func message<Message: SwiftProtobuf.Message>(
        _ bytes: ArraySlice<UInt8>, _ entry: CommittedEntry
    ) throws(StateError) -> Message {
        guard let message = try? Message(serializedBytes: Array(bytes)) else {
            throw .undecodableEntry(index: entry.index)
        }
        return message
    }
}

extension ClusterMembership {
    /// The members as Raft sees them, outside of a joint configuration.
    var confState: RaftConfState {
        RaftConfState(
            voters: voters.map(\.id.rawValue),
            learners: members.filter(\.isLearner).map(\.id.rawValue))
    }
}

extension MemberChange {
    /// The membership change of a ConfChange; nil when its context cannot be decoded.
    init?(_ change: RaftConfChange) {
        let id = MemberID(rawValue: change.nodeID)
        switch change.type {
        case .addNode, .addLearnerNode:
            guard let context = MemberChangeContext(json: change.context) else { return nil }
            self = context.isPromotion ? .promote(id) : .add(context.member)
        case .removeNode: self = .remove(id)
        case .updateNode:
            guard let member = Member(json: change.context) else { return nil }
            self = .setPeerURLs(id, member.peerURLs)
        default: return nil
        }
    }
}
