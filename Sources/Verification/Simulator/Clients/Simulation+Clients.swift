import Auth
import EtcdAPI
import Checkers
import Identifiers
import Lease
import Linearizability
import MonotonicClock
import Raft
import Stages
import StateMachine

/// Clients call members, wait, time out, and record the responses.
extension Simulation {
    private static let timeoutRange: ClosedRange<TimeSpan> = 500 * .millisecond...10 * .second

    /// A client begins its next call.
    func beginNextCall(_ number: Int) {
        guard isFaultPhase else { return }
        let kind = choose(number)
        let host = chooseHost(for: number)
        begin(kind, client: number, at: host)
    }

    private func chooseHost(for number: Int) -> Int {
        let client = clients.all[number]
        if !client.isSticky || hosts[client.host % hosts.count].state != .up {
            clients.all[number].host = clientRandom.number(below: hosts.count)
        }
        return clients.all[number].host % hosts.count
    }

    private func choose(_ number: Int) -> CallKind {
        switch clientRandom.number(below: 1000) {
        case 0..<12 where clients.newestRevision > clients.newestCompaction + 10:
            return .compaction
        case 12..<40:
            clients.nextLease += 1
            return .grant(
                lease: clients.nextLease, seconds: 2 + Int64(clientRandom.number(below: 8)))
        case 40..<50 where !clients.leases.isEmpty:
            return .revoke(lease: clients.leases[clientRandom.number(below: clients.leases.count)])
        case 50..<65 where !clients.leases.isEmpty:
            return .timeToLive(
                lease: clients.leases[clientRandom.number(below: clients.leases.count)])
        case 65..<120 where !clients.leases.isEmpty:
            // The newest leases are kept alive, the older ones expire.
            let newest = clients.leases.suffix(3)
            return .keepAlive(
                lease: newest[newest.startIndex + clientRandom.number(below: newest.count)])
        case 120..<430:
            return .read(
                clients.all[number].load.nextRead(clients.knowledge, &clientRandom),
                isSerializable: clientRandom.happens(300_000))
        default: return .store(clients.all[number].load.next(clients.knowledge, &clientRandom))
        }
    }

    /// Applies a mutant to a change.
    private func mutated(_ operation: StoreOperation) -> StoreOperation {
        switch (mutant, operation) {
        case (.deletesOnlyFirstKey, .delete(let key, _?, let wantsPrevious)):
            .delete(key: key, wantsPrevious: wantsPrevious)
        case (.putOmitsPrevious, .put(let key, let value, let lease, true)):
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
        holder: Int? = nil, credentials: Credentials? = nil
    ) {
        renewLogin(of: client, afterRefusal: false)
        let credentials = credentials ?? self.credentials(ofClient: client, holder: holder)
        let call = Call(
            client: client, kind: kind, calledAt: clients.nextTimestamp(), host: host,
            run: hosts[host].runs, request: request ?? makeRequest(kind), beganAt: now,
            holder: holder, identity: credentials?.identity ?? .none)
        let number = clients.nextCall
        clients.nextCall += 1
        clients.calls[number] = call
        schedule(
            .request(number), after: timing.duration(50 * .microsecond...2 * .millisecond))
        let timeout = holder == nil ? Self.timeoutRange : LeaseHolder.timeoutRange
        schedule(.timeout(number), after: clientRandom.duration(timeout))
    }

    private func makeRequest(_ kind: CallKind) -> CallRequest {
        switch kind {
        case .store(let operation):
            let (field, payload) = mutated(operation).payload
            return .propose(field: field, payload: payload)
        case .read(_, let isSerializable): return isSerializable ? .readSerializable : .read
        case .timeToLive(let lease): return .timeToLive(lease: lease)
        case .keepAlive(let lease): return .renew(lease: lease)
        case .compaction:
            let oldest = clients.newestCompaction.next
            let width = clients.newestRevision - oldest
            let revision = oldest + clientRandom.number(below: max(width, 1))
            clients.newestCompaction = revision
            return .propose(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(
                    revision: revision.rawValue, physical: clientRandom.happens(300_000)
                ).encoded())
        case .grant(let lease, let seconds):
            return .propose(
                field: InternalRaftRequest.Field.leaseGrant,
                payload: LeaseGrantRequest(ttlSeconds: seconds, id: lease).encoded())
        case .revoke(let lease):
            record.leases.revocationRequested(lease)
            return .propose(
                field: InternalRaftRequest.Field.leaseRevoke,
                payload: LeaseRevokeRequest(id: lease).encoded())
        case .users(let change):
            let (field, payload) = change.payload
            return .propose(field: field, payload: payload)
        case .membership: preconditionFailure("membership changes have their own request")
        case .probe(let host):
            let operation = StoreOperation.put(key: "probe", value: "\(host)")
            let (field, payload) = operation.payload
            return .propose(field: field, payload: payload)
        }
    }

    /// A request reaches its member.
    func deliverRequest(_ number: CallNumber) throws {
        guard let call = clients.calls[number] else { return }
        let host = hosts[call.host]
        guard let member = host.member(ofRun: call.run) else {
            return schedule(.response(number, .refused), after: .millisecond)
        }
        if host.pausedUntil > now {
            return schedule(.request(number), after: host.pausedUntil - now)
        }
        guard try permitsOnArrival(call, member) else {
            return schedule(.response(number, .refused), after: .millisecond)
        }
        switch call.request {
        case .propose(let field, let payload):
            let identity: Identity = mutant == .proposesAsServer ? .server : call.identity
            member.propose(field: field, payload: payload, by: identity, for: number)
        case .read:
            recordArrival(of: number, member)
            member.read(for: number)
        case .renew(let lease):
            let id = LeaseID(rawValue: lease)
            let isUnchecked = mutant == .renewsUnchecked
            if member.summary.role == .leader {
                let request = RenewalRequest(id, by: isUnchecked ? .server : call.identity)
                addToBatch(request, number, member)
            } else if try isUnchecked || permitsForwarding(call, member) {
                renew(RenewalRequest(id, by: .server), number, member)
            } else {
                schedule(.response(number, .refused), after: .millisecond)
            }
        case .readSerializable:
            recordArrival(of: number, member)
            scheduleRead(number, term: member.status.term)
        case .timeToLive(let lease): reportTimeToLive(LeaseID(rawValue: lease), number, member)
        case .changeMembership(let type, let id, let context):
            guard let type = ConfChangeType(rawValue: type) else { return }
            member.changeMembership(type, id, context: context, for: number)
        }
    }

    /// A request completes at a member.
    func receive(_ completion: Completion, from member: SimulatedMember) {
        let number = CallNumber(completion.token)
        member.openCalls.remove(number)
        member.openReads.remove(number)
        guard !completeLeaseCall(number, completion) else { return }
        switch completion.value {
        case .readable: scheduleRead(number, term: completion.term)
        case .applied(let response): respond(to: number, .applied(response))
        case .failed(let error):
            if error == .timeoutDueToLeaderFailure { report.count(.decidedProposals) }
            respond(to: number, error.isNeverLogged ? .refused : .lost)
        }
    }

    /// A read may be executed, after a short delay.
    func scheduleRead(_ number: CallNumber, term: Term) {
        let completion = Completion(token: UInt64(number), value: .readable, term: term)
        guard !completeLeaseCall(number, completion) else { return }
        schedule(.serve(number), after: timing.duration(20 * .microsecond...2 * .millisecond))
    }

    func respond(to number: CallNumber, _ response: CallResponse) {
        schedule(
            .response(number, response),
            after: timing.duration(20 * .microsecond...2 * .millisecond))
    }

    /// The connection to a member has broken.
    func loseCall(_ number: CallNumber) {
        schedule(.response(number, .lost), after: timing.duration(.microsecond...5 * .millisecond))
    }

    /// A client receives the response to its call.
    func receive(_ response: CallResponse, of number: CallNumber) throws {
        guard let call = clients.calls[number] else { return }
        switch response {
        case .applied(let applied):
            if case .failed(let error) = applied.body {
                if error.isOfPermission { renewLogin(of: call.client, afterRefusal: true) }
                // A member that has just started may not know of the users yet.
                if case .probe(let host) = call.kind, error != .noSpace { retryProbe(host) }
                // The request may have been applied nevertheless.
                return error == .noSpace ? timeOut(number) : end(number, .refused)
            }
            clients.newestRevision = max(clients.newestRevision, applied.revision)
            switch call.kind {
            case .store: finish(number, try StoreResponse(applied))
            case .probe(let host):
                clients.pendingProbes.removeAll { $0 == host }
                finish(number, try StoreResponse(applied))
            case .compaction:
                if case .propose(_, let payload) = call.request,
                    let request = try? CompactionRequest(decoding: payload), request.physical
                {
                    report.count(.physicalCompactions)
                }
                end(number, .completed)
            case .grant(let lease, let seconds):
                record.leases.promise(
                    lease, seconds: seconds, from: MonotonicTime(call.beganAt))
                report.count(.leasesGranted)
                if call.holder == nil { clients.leases.append(lease) }
                if clients.leases.count > 12 { clients.leases.removeFirst() }
                end(number, .completed)
            default: end(number, .completed)
            }
        case .renewed(let seconds):
            if case .keepAlive(let lease) = call.kind, seconds > 0 {
                report.count(.leasesRenewed)
                record.leases.promise(
                    lease, seconds: seconds, from: MonotonicTime(call.beganAt))
            }
            end(number, .completed)
        case .refused:
            if case .probe(let host) = call.kind { retryProbe(host) }
            end(number, .refused)
        case .reported(let failure):
            if let failure { throw failure }
            report.count(.timeToLiveResponses)
            end(number, .completed)
        case .noLease(let failure):
            if let failure { throw failure }
            report.count(.leasesMissing)
            if let holder = call.holder { leaseHolders[holder].lease = nil }
            end(number, .completed)
        case .lost: timeOut(number)
        }
    }

    /// A lease was revoked: the history gets a call that deleted its keys.
    func recordRevocation(of keys: [String], _ response: ApplyResponse) {
        guard !keys.isEmpty else { return }
        let deletions = keys.map { StoreOperation.delete(key: $0) }
        clients.history.append(
            StoreCall(
                client: -1, operation: .transaction([], success: deletions, failure: []),
                calledAt: 0,
                response: StoreResponse(
                    revision: response.revision,
                    .transaction(succeeded: true, keys.map { _ in .deleted(1) })),
                returnedAt: clients.nextTimestamp()))
    }

    /// A client times out: the effect of a change is unknown.
    func timeOut(_ number: CallNumber) {
        guard let call = clients.calls[number] else { return }
        if let operation = call.kind.recorded {
            clients.unknown.append((clients.history.count, number))
            clients.history.append(
                StoreCall(client: call.client, operation: operation, calledAt: call.calledAt))
        }
        if case .probe(let host) = call.kind { retryProbe(host) }
        end(number, .timedOut)
    }

    /// A change, or a transaction, completed.
    private func finish(_ number: CallNumber, _ response: StoreResponse) {
        guard let call = clients.calls[number], let operation = call.kind.recorded else { return }
        observeRevision(of: response)
        clients.appliedEntries[number] = nil
        clients.history.append(
            StoreCall(
                client: call.client, operation: operation, calledAt: call.calledAt,
                response: response, returnedAt: clients.nextTimestamp()))
        end(number, .completed)
    }

    /// A client learned a revision.
    func observeRevision(of response: StoreResponse) {
        trace.add(response.revision.rawValue)
        clients.newestRevision = max(clients.newestRevision, response.revision)
    }

    func end(_ number: CallNumber, _ occurrence: Occurrence) {
        guard let call = clients.calls.removeValue(forKey: number) else { return }
        report.count(occurrence)
        clients.leaseCalls[number] = nil
        if administration.call == number { administration.call = nil }
        if let holder = call.holder { leaseHolderCallEnded(holder, occurrence, of: call) }
        guard call.client >= 0 else { return }
        schedule(
            .client(call.client),
            after: clientRandom.duration(.nanoseconds(1)...clients.all[call.client].rest))
    }
}

extension EtcdError {
    /// Whether a proposal with this error has never been in a log, and never will be.
    fileprivate var isNeverLogged: Bool { self == .tooManyRequests || self == .proposalDropped }
}

/// Whether the cluster responds again after faults have ended.
extension Simulation {
    /// The time from the end of faults to the probes.
    private static let recoveryTime: TimeSpan = 8 * .second

    func beginProbes() {
        for host in administration.present(self) {
            clients.pendingProbes.append(host.number)
            schedule(.probe(host: host.number), after: Self.recoveryTime)
        }
    }

    private func retryProbe(_ host: Int) {
        schedule(.probe(host: host), after: 200 * .millisecond)
    }

    /// Sends a put to a member, unless it has left the cluster.
    func probe(_ host: Int) {
        guard administration.present(self).contains(where: { $0.number == host }) else {
            return clients.pendingProbes.removeAll { $0 == host }
        }
        begin(.probe(host: host), client: -1, at: host)
    }

    func requireProbesCompleted() throws {
        guard let host = clients.pendingProbes.first else { return }
        throw SimulationFailure("no progress: host \(host) does not respond to a put")
    }
}
