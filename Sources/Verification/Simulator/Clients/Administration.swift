import EtcdAPI
import Identifiers
import Membership
import Raft
import Replica
import StateMachine
import SwiftProtobuf

/// The operator: replaces lost members, and moves members and leadership.
struct Administration {
    /// The membership change in progress, if any.
    var call: CallNumber?
    /// A host that is prepared for a member being added.
    var joining: Int?
    /// A member whose removal was requested. The call may have ended without a response while the
    /// removal is still in a log.
    var leaving: MemberID?
    /// Whether members are being upgraded to the newer version, one at a time.
    var isUpgrading = false

    /// Whether the cluster tolerates the permanent loss of a host: all its other members are sound,
    /// and the lost ones stay a minority.
    func allowsLoss(of host: Host, _ simulation: Simulation) -> Bool {
        let voters = simulation.hosts(of: simulation.membership.filter { !$0.isLearner })
        // A member being added may be a voter already without having started; one being removed may
        // be no voter any more.
        guard call == nil, joining == nil, leaving == nil,
            voters.allSatisfy({ $0 === host || $0.state == .up }),
            host.state == .up, voters.contains(where: { $0 === host })
        else {
            return false
        }
        let lost = voters.filter { $0.isUnsound || $0.state == .gone }.count
        return 2 * (lost + 1) < voters.count
    }

    /// Hosts whose members belong to the cluster.
    func present(_ simulation: Simulation) -> [Host] {
        simulation.hosts(of: simulation.membership)
    }
}

/// Full databases.
extension Simulation {
    /// The operator compacts, defragments and disarms the alarms, all at once: later steps have to
    /// wait for earlier ones. Where alarms end by themselves, the operator mostly lets them.
    fileprivate func clearSpaceAlarms() {
        guard let mostApplied, mostApplied.state.alarms.isActive(.noSpace),
            let leader = leadingMember
        else { return }
        let revision = mostApplied.state.store.newestRevision
        if revision > clients.newestCompaction {
            clients.newestCompaction = revision
            leader.proposeOwn(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(revision: revision.rawValue).encoded())
        }
        guard limits.quota.rule == .etcd || !isFaultPhase || clientRandom.happens(50_000)
        else { return }
        for host in administration.present(self) { host.member?.defragment() }
        for alarm in mostApplied.state.alarms.list(.noSpace) {
            var request = Etcdserverpb_AlarmRequest()
            request.action = .deactivate
            request.memberID = alarm.member.rawValue
            request.alarm = .nospace
            guard let payload: [UInt8] = try? request.serializedBytes() else { continue }
            report.count(.spaceAlarmsEnded)
            leader.proposeOwn(field: InternalRaftRequest.Field.alarm, payload: payload)
        }
    }
}

/// The view and the actions of the operator.
extension Simulation {
    /// The members as known to the member that has applied most.
    var membership: [Membership.Member] { mostApplied?.state.membership.members ?? [] }

    /// The member that has applied most.
    var mostApplied: SimulatedMember? {
        var furthest: SimulatedMember?
        for host in hosts {
            guard let member = host.member else { continue }
            if member.applied > furthest?.applied ?? 0 { furthest = member }
        }
        return furthest
    }

    func hosts(of members: [Membership.Member]) -> [Host] {
        members.compactMap { member in hostNumbers[member.id].map { hosts[$0] } }
    }

    /// Inspects the cluster and takes the next action that is due.
    func administrate() {
        let pause =
            isFaultPhase ? 200 * .millisecond...4 * .second : 50 * .millisecond...300 * .millisecond
        schedule(.administrate, after: clientRandom.duration(pause))
        leaveJointConfiguration()
        clearSpaceAlarms()
        retireRemovedMembers()
        guard administration.call == nil, let mostApplied else { return }
        let members = mostApplied.state.membership.members
        startJoining(mostApplied.state.membership)
        if let lost = members.first(where: { isGone($0) }) { return remove(lost.id) }
        if let leaving = administration.leaving {
            if members.contains(where: { $0.id == leaving }) { return remove(leaving) }
            administration.leaving = nil
        }
        if let learner = members.first(where: \.isLearner) { return promote(learner) }
        if members.count < initialMembers.count { return add() }
        if isFaultPhase { performRandomOperation(members) }
    }

    private func isGone(_ member: Membership.Member) -> Bool {
        host(of: member.id)?.state == .gone
    }

    private func change(
        _ type: ConfChangeType, _ id: MemberID, context: String
    ) {
        let up = hosts.filter { $0.member != nil }
        guard !up.isEmpty else { return }
        let host = up[clientRandom.number(below: up.count)]
        printTrace("requests from host \(host.number) to \(type) member \(id)")
        administration.call = clients.nextCall
        begin(
            .membership, client: -1, at: host.number,
            request: .changeMembership(
                type: type.rawValue, member: id, context: Array(context.utf8)))
    }

    private func remove(_ id: MemberID) {
        administration.leaving = id
        change(.remove, id, context: "")
    }

    /// A learner is promoted once it has caught up.
    private func promote(_ learner: Membership.Member) {
        guard let member = host(of: learner.id)?.member,
            member.applied + 50 >= states.newestIndex
        else { return }
        report.count(.promotions)
        let context = MemberChangeContext(
            member: Membership.Member(id: learner.id, peerURLs: []), isPromotion: true)
        change(.addVoter, learner.id, context: context.json)
    }

    /// Adds a member in place of a lost one; directly as a voter only while all others are healthy,
    /// as the server's check requires.
    private func add() {
        if administration.joining == nil {
            let number = hosts.count
            let id = MemberID(rawValue: UInt64(number + 1) * 0x1111)
            addHost(number, id: id, isInitialMember: false, &clientRandom)
            network.addHosts(1)
            administration.joining = number
        }
        guard let number = administration.joining else { return }
        let host = hosts[number]
        let areWell = administration.present(self).allSatisfy { $0.state == .up }
        let isLearner = !areWell || clientRandom.happens(500_000)
        let member = Membership.Member(id: host.id, peerURLs: [host.peerURL], isLearner: isLearner)
        change(isLearner ? .addLearner : .addVoter, host.id, context: member.json)
    }

    /// Starts the host of a member that was added to the cluster.
    private func startJoining(_ membership: ClusterMembership) {
        guard let number = administration.joining, membership[hosts[number].id] != nil else {
            return
        }
        administration.joining = nil
        report.count(.replacements)
        schedule(.start(host: number), after: clientRandom.duration(.millisecond...2 * .second))
    }

    private func performRandomOperation(_ members: [Membership.Member]) {
        let present = hosts(of: members)
        let host = present[clientRandom.number(below: present.count)]
        switch clientRandom.number(below: 100) {
        case 0..<12:
            guard let leader = leadingMember else { return }
            report.count(.transfers)
            leader.post(.replica(.transferLeadership(to: host.id)))
        // A host whose disk is about to fail counts as lost already.
        case 12..<16: removeMember()
        case 16..<30: host.member?.defragment()
        case 30..<36: host.member?.takeSnapshotForClient()
        default: return
        }
    }

    /// Removes a member; another one is added in its place later.
    func removeMember() {
        guard administration.call == nil, administration.leaving == nil else { return }
        let present = administration.present(self)
        guard !present.isEmpty else { return }
        let host = present[clientRandom.number(below: present.count)]
        guard mayRemove(host, present) else { return }
        report.count(.removals)
        let voters = voters
        if voters.count == 2, voters.contains(where: { $0 === host }) {
            report.count(.removalsOfOneOfTwo)
            host.leavesSingleVoter = true
        }
        remove(host.id)
    }

    /// Of two voters only the one that does not lead may be removed.
    private func mayRemove(_ host: Host, _ present: [Host]) -> Bool {
        guard present.count > 1, present.allSatisfy({ $0.state == .up && !$0.isUnsound }) else {
            return false
        }
        let voters = voters
        guard voters.count <= 2, voters.contains(where: { $0 === host }) else { return true }
        return voters.count == 2 && leadingMember.map { $0.host !== host } ?? false
    }

    private var voters: [Host] { hosts(of: membership.filter { !$0.isLearner }) }

    /// The remaining voter may need the vote of a removed member until it has durably applied the
    /// removal. A learner that has applied it does not help.
    func isVoteNeeded(_ host: Host) -> Bool {
        guard host.leavesSingleVoter else { return false }
        return !hosts.contains { other in
            guard other !== host, let member = other.member,
                let own = member.state.membership[other.id], !own.isLearner
            else { return false }
            let reading = member.state.bolt.beginRead()
            defer { reading.end() }
            guard let applied = try? ConsistentIndex(from: reading) else { return false }
            return applied.index >= host.removedAt
        }
    }

    /// A removed member stops permanently.
    func retire(_ host: Host) {
        guard host.state != .gone else { return }
        if isVoteNeeded(host) { return schedule(.retire(host: host.number), after: .second) }
        crash(host, losesPower: false, reason: "it was removed from the cluster")
        host.state = .gone
    }

    /// A removed member learns of its removal when it connects to others, even if it has no vote
    /// and sends no messages.
    private func retireRemovedMembers() {
        guard let mostApplied else { return }
        let removed = mostApplied.state.membership.removed
        for host in hosts where host.state == .up && removed.contains(host.id) {
            guard !network.isCut(from: host.number, to: mostApplied.host.number) else { continue }
            schedule(.retire(host: host.number), after: timing.duration(.millisecond ... .second))
        }
    }

    /// A member has applied a membership change.
    func membershipChanged(_ member: SimulatedMember) {
        for id in member.state.membership.removed {
            guard let host = host(of: id), host.removedAt == .max else { continue }
            host.removedAt = member.applied
        }
        guard member.state.membership.removed.contains(member.host.id) else { return }
        if member.summary.role == .leader { report.count(.leadersRemoved) }
        schedule(
            .retire(host: member.host.number), after: timing.duration(.millisecond ... .second))
    }
}
