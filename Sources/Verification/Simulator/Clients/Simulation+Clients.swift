import EtcdAPI
import Judges
import Lease
import Linearizability
import Raft
import Stages
import StateMachine

/// Clients call members, wait, give up, and remember what they were told.
extension Simulation {
    private static let patience: ClosedRange<Nanoseconds> = 500 * .millisecond...10 * .second

    /// A client begins its next call.
    func act(_ number: Int) {
        guard isStormy else { return }
        let kind = choose(number)
        let host = chooseHost(for: number)
        begin(kind, client: number, at: host)
    }

    private func chooseHost(for number: Int) -> Int {
        let client = clients.all[number]
        if !client.isFaithful || hosts[client.host % hosts.count].state != .up {
            clients.all[number].host = clientDice.number(below: hosts.count)
        }
        return clients.all[number].host % hosts.count
    }

    private func choose(_ number: Int) -> CallKind {
        switch clientDice.number(below: 1000) {
        case 0..<12 where clients.newestRevision > clients.newestCompaction + 10:
            return .compaction
        case 12..<40:
            clients.nextLease += 1
            return .grant(
                lease: clients.nextLease, seconds: 2 + Int64(clientDice.number(below: 8)))
        case 40..<50 where !clients.leases.isEmpty:
            return .revoke(lease: clients.leases[clientDice.number(below: clients.leases.count)])
        case 50..<65 where !clients.leases.isEmpty:
            return .timeToLive(
                lease: clients.leases[clientDice.number(below: clients.leases.count)])
        case 65..<120 where !clients.leases.isEmpty:
            // The newest leases are kept alive, the older ones end.
            let newest = clients.leases.suffix(3)
            return .keepAlive(
                lease: newest[newest.startIndex + clientDice.number(below: newest.count)])
        case 120..<430:
            return .read(
                clients.all[number].load.nextRead(clients.knowledge, &clientDice),
                isSerializable: clientDice.happens(300_000))
        default: return .store(clients.all[number].load.next(clients.knowledge, &clientDice))
        }
    }

    /// What a mutant makes of a change.
    private func mutated(_ operation: StoreOperation) -> StoreOperation {
        switch (mutant, operation) {
        case (.deletesOnlyTheFirst, .delete(let key, _?, let wantsPrevious)):
            .delete(key: key, wantsPrevious: wantsPrevious)
        case (.forgetsPrevious, .put(let key, let value, let lease, true)):
            .put(key: key, value: value, lease: lease)
        case (.putsWithoutLease, .put(let key, let value, _, let wantsPrevious)):
            .put(key: key, value: value, wantsPrevious: wantsPrevious)
        case (.comparesOneKey, .transaction(let comparisons, let success, let failure)):
            .transaction(
                comparisons.map { .init(key: $0.key, $0.relation, $0.target) }, success: success,
                failure: failure)
        default: operation
        }
    }

    func begin(
        _ kind: CallKind, client: Int, at host: Int, request: CallRequest? = nil,
        holder: Int? = nil
    ) {
        let call = Call(
            client: client, kind: kind, calledAt: clients.takeMoment(), host: host,
            run: hosts[host].runs, request: request ?? makeRequest(kind), beganAt: now,
            holder: holder)
        let number = clients.nextCall
        clients.nextCall += 1
        clients.calls[number] = call
        schedule(
            .request(number), after: timing.duration(50 * .microsecond...2 * .millisecond))
        let patience = holder == nil ? Self.patience : LeaseHolder.patience
        schedule(.giveUp(number), after: clientDice.duration(patience))
    }

    private func makeRequest(_ kind: CallKind) -> CallRequest {
        switch kind {
        case .store(let operation):
            let (field, payload) = mutated(operation).payload
            return .propose(field: field, payload: payload)
        case .read(_, let isSerializable): return isSerializable ? .readHere : .read
        case .timeToLive(let lease): return .report(lease: lease)
        case .keepAlive(let lease): return .renew(lease: lease)
        case .compaction:
            let oldest = clients.newestCompaction + 1
            let width = Int(clients.newestRevision - oldest)
            let revision = oldest + Int64(clientDice.number(below: max(width, 1)))
            clients.newestCompaction = revision
            return .propose(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(
                    revision: revision, physical: clientDice.happens(300_000)
                ).encoded())
        case .grant(let lease, let seconds):
            return .propose(
                field: InternalRaftRequest.Field.leaseGrant,
                payload: LeaseGrantRequest(ttlSeconds: seconds, id: lease).encoded())
        case .revoke(let lease):
            record.leases.renounce(lease)
            return .propose(
                field: InternalRaftRequest.Field.leaseRevoke,
                payload: LeaseRevokeRequest(id: lease).encoded())
        case .membership: preconditionFailure("changes of membership carry their request")
        case .probe(let host):
            let operation = StoreOperation.put(key: "probe", value: "\(host)")
            let (field, payload) = operation.payload
            return .propose(field: field, payload: payload)
        }
    }

    /// A request reaches its member.
    func receive(_ number: CallNumber) throws {
        guard let call = clients.calls[number] else { return }
        let host = hosts[call.host]
        guard let member = host.member(ofRun: call.run) else {
            return schedule(.answer(number, .refused), after: .millisecond)
        }
        if host.pausedUntil > now {
            return schedule(.request(number), after: host.pausedUntil - now)
        }
        switch call.request {
        case .propose(let field, let payload):
            member.propose(field: field, payload: payload, for: number)
        case .read: member.read(for: number)
        case .renew(let lease):
            if member.standing.role == .leader {
                gather(LeaseID(rawValue: lease), number, member)
            } else {
                renew(LeaseID(rawValue: lease), number, member)
            }
        case .readHere: letRead(number, term: member.status.term)
        case .report(let lease): report(LeaseID(rawValue: lease), number, member)
        case .changeMembership(let type, let id, let context):
            guard let type = ConfChangeType(rawValue: type) else { return }
            member.changeMembership(type, MemberID(id), context: context, for: number)
        }
    }

    /// A member answers.
    func hear(_ reply: Reply, from member: SimulatedMember) {
        let number = CallNumber(reply.token)
        member.openCalls.remove(number)
        member.openReads.remove(number)
        guard !hearOfLease(number, reply) else { return }
        switch reply.value {
        case .readable: letRead(number, term: reply.term)
        case .applied(let outcome): answer(number, .applied(outcome))
        case .failed(let error):
            if error == .timeoutDueToLeaderFailure { report.count(.decidedProposals) }
            answer(number, error.leavesNothing ? .refused : .lost)
        }
    }

    /// A read may be carried out, a little later.
    func letRead(_ number: CallNumber, term: UInt64) {
        let reply = Reply(token: UInt64(number), value: .readable, term: term)
        guard !hearOfLease(number, reply) else { return }
        schedule(.serve(number), after: timing.duration(20 * .microsecond...2 * .millisecond))
    }

    func answer(_ number: CallNumber, _ answer: CallAnswer) {
        schedule(
            .answer(number, answer), after: timing.duration(20 * .microsecond...2 * .millisecond))
    }

    /// The connection to a member has broken.
    func loseCall(_ number: CallNumber) {
        schedule(.answer(number, .lost), after: timing.duration(.microsecond...5 * .millisecond))
    }

    /// A client hears of its call.
    func take(_ answer: CallAnswer, of number: CallNumber) throws {
        guard let call = clients.calls[number] else { return }
        switch answer {
        case .applied(let outcome):
            if case .failed(let error) = outcome.result {
                // It may have been carried out all the same.
                return error == .noSpace ? giveUp(number) : end(number, .refused)
            }
            clients.newestRevision = max(clients.newestRevision, outcome.revision)
            switch call.kind {
            case .store: finish(number, try StoreOutcome(outcome))
            case .probe(let host):
                clients.unansweredProbes.removeAll { $0 == host }
                finish(number, try StoreOutcome(outcome))
            case .compaction:
                if case .propose(_, let payload) = call.request,
                    let request = try? CompactionRequest(decoding: payload), request.physical
                {
                    report.count(.physicalCompactions)
                }
                end(number, .answered)
            case .grant(let lease, let seconds):
                record.leases.promise(lease, seconds: seconds, from: call.beganAt)
                report.count(.leasesGranted)
                if call.holder == nil { clients.leases.append(lease) }
                if clients.leases.count > 12 { clients.leases.removeFirst() }
                end(number, .answered)
            default: end(number, .answered)
            }
        case .renewed(let seconds):
            if case .keepAlive(let lease) = call.kind, seconds > 0 {
                report.count(.leasesRenewed)
                record.leases.promise(lease, seconds: seconds, from: call.beganAt)
            }
            end(number, .answered)
        case .refused:
            if case .probe(let host) = call.kind { retryProbe(host) }
            end(number, .refused)
        case .reported(let failure):
            if let failure { throw failure }
            report.count(.leaseReports)
            end(number, .answered)
        case .noLease(let failure):
            if let failure { throw failure }
            report.count(.leasesUnknown)
            if let holder = call.holder { leaseHolders[holder].lease = nil }
            end(number, .answered)
        case .lost: giveUp(number)
        }
    }

    /// A lease has ended: for the judge a call that took its keys away.
    func noteRevocation(of keys: [String], _ outcome: ApplyOutcome) {
        guard !keys.isEmpty else { return }
        let deletions = keys.map { StoreOperation.delete(key: $0) }
        clients.history.append(
            StoreCall(
                client: -1, operation: .transaction([], success: deletions, failure: []),
                calledAt: 0,
                outcome: StoreOutcome(
                    revision: outcome.revision,
                    .transaction(succeeded: true, keys.map { _ in .deleted(1) })),
                returnedAt: clients.takeMoment()))
    }

    /// A client stops waiting: what became of a change nobody knows.
    func giveUp(_ number: CallNumber) {
        guard let call = clients.calls[number] else { return }
        if let operation = call.kind.recorded {
            clients.unknown.append((clients.history.count, number))
            clients.history.append(
                StoreCall(client: call.client, operation: operation, calledAt: call.calledAt))
        }
        if case .probe(let host) = call.kind { retryProbe(host) }
        end(number, .unanswered)
    }

    /// A change, or a transaction, was answered.
    private func finish(_ number: CallNumber, _ outcome: StoreOutcome) {
        guard let call = clients.calls[number], let operation = call.kind.recorded else { return }
        note(outcome)
        clients.carriedOut[number] = nil
        clients.history.append(
            StoreCall(
                client: call.client, operation: operation, calledAt: call.calledAt,
                outcome: outcome, returnedAt: clients.takeMoment()))
        end(number, .answered)
    }

    /// A client has learned of a revision.
    func note(_ outcome: StoreOutcome) {
        trace.add(outcome.revision)
        clients.newestRevision = max(clients.newestRevision, outcome.revision)
    }

    func end(_ number: CallNumber, _ occurrence: Occurrence) {
        guard let call = clients.calls.removeValue(forKey: number) else { return }
        report.count(occurrence)
        clients.leaseCalls[number] = nil
        if administration.call == number { administration.call = nil }
        if let holder = call.holder { holderHears(holder, occurrence, of: call) }
        guard call.client >= 0 else { return }
        schedule(
            .client(call.client),
            after: clientDice.duration(1...clients.all[call.client].rest))
    }
}

extension EtcdError {
    /// Whether a proposal that failed so has never been in a log, and will not be.
    fileprivate var leavesNothing: Bool { self == .tooManyRequests || self == .proposalDropped }
}

/// Whether the cluster answers again after faults have ended.
extension Simulation {
    /// How long after the end of faults the probes begin.
    private static let settlingNanoseconds: Nanoseconds = 8 * .second

    func beginProbes() {
        for host in administration.present(self) {
            clients.unansweredProbes.append(host.number)
            schedule(.probe(host: host.number), after: Self.settlingNanoseconds)
        }
    }

    private func retryProbe(_ host: Int) {
        schedule(.probe(host: host), after: 200 * .millisecond)
    }

    /// Asks a member for a put, unless it has left the cluster.
    func probe(_ host: Int) {
        guard administration.present(self).contains(where: { $0.number == host }) else {
            return clients.unansweredProbes.removeAll { $0 == host }
        }
        begin(.probe(host: host), client: -1, at: host)
    }

    func requireAnswers() throws {
        guard let host = clients.unansweredProbes.first else { return }
        throw SimulationFailure("no progress: host \(host) does not answer a put")
    }
}
