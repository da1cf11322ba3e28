import EtcdAPI
import Membership
import Raft
import Replica
import StateMachine
import SwiftProtobuf

/// Who looks after the cluster: replaces what is lost, and moves members and leadership about.
struct Administration {
    /// The change of membership under way, if any.
    var call: CallNumber?
    /// A host that was prepared for a member which the cluster is being told of.
    var joining: Int?
    /// A member whose removal was asked for. The call may have ended without an answer and the
    /// removal still be in a log.
    var leaving: Membership.MemberID?
    /// Whether members are to go to the newer version, one after the other.
    var isUpgrading = false

    /// Whether the cluster bears the loss of a host for good: all its other members are sound, and
    /// the lost ones stay a minority.
    func allowsLoss(of host: Host, _ simulation: Simulation) -> Bool {
        let voters = simulation.hosts(of: simulation.membership.filter { !$0.isLearner })
        // A member that is being added may be a voter already, and has not even started; one that
        // is being removed may be none any more.
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

/// A database that is full.
extension Simulation {
    /// The operator compacts, gives space back, and lets the cluster take requests again, all at
    /// once: what follows has to wait for what comes before.
    fileprivate func makeRoom() {
        guard let informed, informed.state.alarms.isActive(.noSpace),
            let leader = leadingMember
        else { return }
        let revision = informed.state.store.newestRevision
        if revision > clients.newestCompaction {
            clients.newestCompaction = revision
            leader.proposeOwn(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(revision: revision).encoded())
        }
        for host in administration.present(self) { host.member?.defragment() }
        for alarm in informed.state.alarms.list(.noSpace) {
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

/// What the administrator sees and does.
extension Simulation {
    /// The members as the one that is furthest knows them.
    var membership: [Membership.Member] { informed?.state.membership.members ?? [] }

    /// The member that has applied most.
    var informed: SimulatedMember? {
        var furthest: SimulatedMember?
        for host in hosts {
            guard let member = host.member else { continue }
            if member.applied > furthest?.applied ?? 0 { furthest = member }
        }
        return furthest
    }

    func hosts(of members: [Membership.Member]) -> [Host] {
        members.compactMap { member in hostNumbers[member.id.rawValue].map { hosts[$0] } }
    }

    /// Looks at the cluster and does the next thing that is due.
    func administrate() {
        let pause =
            isStormy ? 200 * .millisecond...4 * .second : 50 * .millisecond...300 * .millisecond
        schedule(.administrate, after: clientDice.duration(pause))
        leaveJointly()
        makeRoom()
        turnAwayRemoved()
        guard administration.call == nil, let informed else { return }
        let members = informed.state.membership.members
        startJoining(informed.state.membership)
        if let lost = members.first(where: { isGone($0) }) { return remove(lost.id) }
        if let leaving = administration.leaving {
            if members.contains(where: { $0.id == leaving }) { return remove(leaving) }
            administration.leaving = nil
        }
        if let learner = members.first(where: \.isLearner) { return promote(learner) }
        if members.count < founders.count { return add() }
        if isStormy { moveSomething(members) }
    }

    private func isGone(_ member: Membership.Member) -> Bool {
        host(of: .init(member.id.rawValue))?.state == .gone
    }

    private func change(
        _ type: ConfChangeType, _ id: Membership.MemberID, context: String
    ) {
        let up = hosts.filter { $0.member != nil }
        guard !up.isEmpty else { return }
        let host = up[clientDice.number(below: up.count)]
        tell("asks host \(host.number) to \(type) member \(id)")
        administration.call = clients.nextCall
        begin(
            .membership, client: -1, at: host.number,
            request: .changeMembership(
                type: type.rawValue, member: id.rawValue, context: Array(context.utf8)))
    }

    private func remove(_ id: Membership.MemberID) {
        administration.leaving = id
        change(.remove, id, context: "")
    }

    /// A learner gets its vote once it has caught up.
    private func promote(_ learner: Membership.Member) {
        guard let member = host(of: .init(learner.id.rawValue))?.member,
            member.applied + 50 >= states.newestIndex
        else { return }
        report.count(.promotions)
        let context = MemberChangeContext(
            member: Membership.Member(id: learner.id, peerURLs: []), isPromotion: true)
        change(.addVoter, learner.id, context: context.json)
    }

    /// Adds a member in the place of one that was lost; as a voter at once only while all others
    /// are well, as the server's check demands.
    private func add() {
        if administration.joining == nil {
            let number = hosts.count
            let id = Membership.MemberID(rawValue: UInt64(number + 1) * 0x1111)
            addHost(number, id: id, isFounder: false, &clientDice)
            network.addHosts(1)
            administration.joining = number
        }
        guard let number = administration.joining else { return }
        let host = hosts[number]
        let areWell = administration.present(self).allSatisfy { $0.state == .up }
        let isLearner = !areWell || clientDice.happens(500_000)
        let member = Membership.Member(id: host.id, peerURLs: [host.peerURL], isLearner: isLearner)
        change(isLearner ? .addLearner : .addVoter, host.id, context: member.json)
    }

    /// Starts the host of a member that the cluster knows by now.
    private func startJoining(_ membership: ClusterMembership) {
        guard let number = administration.joining, membership[hosts[number].id] != nil else {
            return
        }
        administration.joining = nil
        report.count(.replacements)
        schedule(.start(host: number), after: clientDice.duration(.millisecond...2 * .second))
    }

    private func moveSomething(_ members: [Membership.Member]) {
        let present = hosts(of: members)
        let host = present[clientDice.number(below: present.count)]
        switch clientDice.number(below: 100) {
        case 0..<12:
            guard let leader = leadingMember else { return }
            report.count(.transfers)
            leader.post(.replica(.transferLeadership(to: .init(host.id.rawValue))))
        // One whose disk is about to fail counts as lost already.
        case 12..<16: removeMember()
        case 16..<30: host.member?.defragment()
        case 30..<36: host.member?.takeSnapshotForClient()
        default: return
        }
    }

    /// A member is told to go; another one is added in its place then.
    func removeMember() {
        guard administration.call == nil, administration.leaving == nil else { return }
        let present = administration.present(self)
        guard !present.isEmpty else { return }
        let host = present[clientDice.number(below: present.count)]
        guard mayLeave(host, present) else { return }
        report.count(.removals)
        let voters = voters
        if voters.count == 2, voters.contains(where: { $0 === host }) {
            report.count(.removalsOfOneOfTwo)
            host.leavesOneBehind = true
        }
        remove(host.id)
    }

    /// Of two voters only the one that does not lead may be told to go.
    private func mayLeave(_ host: Host, _ present: [Host]) -> Bool {
        guard present.count > 1, present.allSatisfy({ $0.state == .up && !$0.isUnsound }) else {
            return false
        }
        let voters = voters
        guard voters.count <= 2, voters.contains(where: { $0 === host }) else { return true }
        return voters.count == 2 && leadingMember.map { $0.host !== host } ?? false
    }

    private var voters: [Host] { hosts(of: membership.filter { !$0.isLearner }) }

    /// What is left may need the vote of a member that was removed, until a voter that stays cannot
    /// forget the removal any more. A learner that knows of it helps nobody.
    func isNeeded(_ host: Host) -> Bool {
        guard host.leavesOneBehind else { return false }
        return !hosts.contains { other in
            guard other !== host, let member = other.member,
                let own = member.state.membership[other.id], !own.isLearner
            else { return false }
            let reading = member.state.bolt.beginRead()
            defer { reading.end() }
            guard let mark = try? AppliedMark(from: reading) else { return false }
            return mark.index >= host.removedAt
        }
    }

    /// A member that was removed stops for good.
    func retire(_ host: Host) {
        guard host.state != .gone else { return }
        if isNeeded(host) { return schedule(.retire(host: host.number), after: .second) }
        crash(host, losesPower: false, reason: "it was removed from the cluster")
        host.state = .gone
    }

    /// A member that was removed learns it from whom it connects to, also one that has no vote and so
    /// nothing to say.
    private func turnAwayRemoved() {
        guard let informed else { return }
        let removed = informed.state.membership.removed
        for host in hosts where host.state == .up && removed.contains(host.id) {
            guard !network.isCut(from: host.number, to: informed.host.number) else { continue }
            schedule(.retire(host: host.number), after: timing.duration(.millisecond ... .second))
        }
    }

    /// Hears of a change of membership that a member has applied.
    func membershipChanged(_ member: SimulatedMember) {
        for id in member.state.membership.removed {
            guard let host = host(of: .init(id.rawValue)), host.removedAt == .max else { continue }
            host.removedAt = member.applied
        }
        guard member.state.membership.removed.contains(member.host.id) else { return }
        if member.standing.role == .leader { report.count(.leadersRemoved) }
        schedule(
            .retire(host: member.host.number), after: timing.duration(.millisecond ... .second))
    }
}
