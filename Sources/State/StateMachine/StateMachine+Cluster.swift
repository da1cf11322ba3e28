import Bolt
package import EtcdAPI
import MVCC
import Membership
import SwiftProtobuf

/// Members and versions.
extension StateMachine {
    /// Applies a request about the cluster itself; nil for any other.
    func applyClusterRequest(
        _ request: InternalRaftRequest, _ entry: CommittedEntry
    ) throws(StateError) -> AppliedEntry? {
        guard case .other(let field, let bytes) = request.payload else { return nil }
        var applied = AppliedEntry(outcome: outcome(.done))
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

    /// Applies a change of one member. A change that makes no sense any more changes nothing, on
    /// no member.
    func applyMemberChange(_ entry: CommittedEntry) -> AppliedEntry {
        guard let change = try? RaftConfChange(decoding: entry.data),
            let meaning = MemberChange(change)
        else { return AppliedEntry(outcome: outcome(.done)) }
        var applied = AppliedEntry(outcome: outcome(.done))
        applied.id = change.id
        do throws(EtcdError) {
            try membership.validate(meaning, learnersMaximum: settings.learnersMaximum)
        } catch {
            applied.outcome = outcome(.failed(error))
            return applied
        }
        mutate { batch in
            switch meaning {
            case .add(let member): membership.add(member, into: &batch)
            case .promote(let id): membership.promote(id, into: &batch)
            case .remove(let id): membership.remove(id, into: &batch)
            case .setPeerURLs(let id, let urls):
                membership.setPeerURLs(urls, of: id, into: &batch)
            }
        }
        if !confState.isJoint { confState = membership.confState }
        store.setConfState(confState.stored)
        applied.memberChange = meaning
        applied.removesLocalMember = meaning == .remove(membership.localID)
        applied.change = .single(entry.data, index: entry.index)
        applied.outcome = outcome(.members(membership.members))
        return applied
    }

    /// A general change concerns the consensus layer alone: etcd never proposes one.
    func applyGeneralChange(_ entry: CommittedEntry) -> AppliedEntry {
        var applied = AppliedEntry(outcome: outcome(.done))
        if let change = try? RaftConfChangeV2(decoding: entry.data) {
            confState = confState.applying(change)
            store.setConfState(confState.stored)
        }
        applied.change = .general(entry.data, index: entry.index)
        return applied
    }

    /// An entry that the state has applied before, which changes nothing in it.
    ///
    /// The consensus layer still has to hear of changes of the members: the database of a snapshot
    /// may be ahead of the snapshot, and with it of the members that the consensus layer knows.
    func passOver(_ entry: CommittedEntry) -> AppliedEntry {
        var passed = AppliedEntry(outcome: outcome(.done))
        switch entry.kind {
        case .request: break
        case .memberChange:
            if isInEffect(entry) { passed.change = .single(entry.data, index: entry.index) }
        case .generalChange: passed.change = .general(entry.data, index: entry.index)
        }
        return passed
    }

    /// Whether the members are as a change that was applied before has left them. A change that
    /// was refused then is not, nor one that was overtaken, which the later one makes up for.
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

    /// Decodes a generated message out of an entry.
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
    /// The members as the consensus layer sees them, unless a general change is under way.
    var confState: RaftConfState {
        RaftConfState(
            voters: voters.map(\.id.rawValue),
            learners: members.filter(\.isLearner).map(\.id.rawValue))
    }
}

extension MemberChange {
    /// What a logged change means; nil when its context cannot be read.
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
