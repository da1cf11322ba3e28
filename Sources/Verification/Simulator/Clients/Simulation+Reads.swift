import EtcdAPI
import Judges
import Linearizability
import StateMachine

/// Reads: each is held against the log at once, and goes into the history.
extension Simulation {
    /// Carries a read out.
    func serve(_ number: CallNumber) throws {
        guard let call = clients.calls[number], case .read(let request, _) = call.kind else {
            return
        }
        let host = hosts[call.host]
        guard let member = host.member(ofRun: call.run) else {
            return schedule(.answer(number, .lost), after: .millisecond)
        }
        if host.pausedUntil > now {
            return schedule(.serve(number), after: host.pausedUntil - now)
        }
        var found: (answer: ReadAnswer, revision: Int64)?
        try attempt(host) { found = try answer(mutated(request), of: member) }
        guard var (answer, revision) = found else { return loseCall(number) }
        if mutant == .rangeHidesMore, case .pairs(let pairs, _, let count) = answer {
            answer = .pairs(pairs, more: false, count: count)
        }
        try record.requireAnswer(to: request, at: member.applied, answer, host)
        try finish(number, answer, storeRevision: revision)
    }

    /// A mutant takes a damaged page for one that holds nothing.
    private func answer(
        _ request: ReadRequest, of member: SimulatedMember
    ) throws -> (answer: ReadAnswer, revision: Int64) {
        do {
            return try member.state.store.answer(request)
        } catch {
            guard mutant == .damageUnnoticed else { throw error }
            return (.pairs([], more: false, count: 0), member.state.store.revisions.current)
        }
    }

    /// What a mutant makes of a read.
    private func mutated(_ request: ReadRequest) -> ReadRequest {
        var request = request
        switch mutant {
        case .readsNewestForOld where request.revision > 0 && timing.happens(300_000):
            request.revision = 0
        case .rangeExceedsLimit where request.limit > 0: request.limit += 1
        case .rangeIgnoresOrder: request.order = nil
        case .rangeIgnoresBounds: (request.modified, request.created) = (.init(), .init())
        default: break
        }
        return request
    }

    /// A read is answered. The pairs are of its revision, whenever that was; the header tells what
    /// the store was at, in the time of the call.
    private func finish(
        _ number: CallNumber, _ answer: ReadAnswer, storeRevision: Int64
    ) throws {
        guard let call = clients.calls[number],
            case .read(let request, let isSerializable) = call.kind
        else { return }
        report.count(.reads)
        switch answer {
        case .compacted:
            report.count(.readsCompacted)
            return end(number, .refused)
        case .futureRevision, .malformed: return end(number, .refused)
        case .pairs(let pairs, _, let count):
            let isOld = request.revision > 0
            let result = StoreResult.range(pairs, leftOut: count - pairs.count)
            note(StoreOutcome(revision: storeRevision, result))
            if isOld { report.count(.readsOfThePast) }
            if request.isPlain {
                let operation = StoreOperation.range(
                    key: request.range.key, end: request.range.end, limit: request.limit)
                let revision = isOld ? request.revision : storeRevision
                enter(
                    call, operation, StoreOutcome(revision: revision, result),
                    isOfItsTime: !isOld && !isSerializable)
            } else {
                report.count(.arrangedReads)
            }
            if !isSerializable, isOld || !request.isPlain {
                enter(
                    call, .glance, StoreOutcome(revision: storeRevision, .range([])),
                    isOfItsTime: true)
            }
            end(number, .answered)
        }
    }

    /// What is not of its time only has to be a state that there was.
    private func enter(
        _ call: Call, _ operation: StoreOperation, _ outcome: StoreOutcome, isOfItsTime: Bool
    ) {
        let moment = clients.takeMoment()
        clients.history.append(
            StoreCall(
                client: call.client, operation: operation,
                calledAt: isOfItsTime ? call.calledAt : 0, outcome: outcome,
                returnedAt: isOfItsTime ? moment : .max))
    }
}

extension StoreOperation {
    /// A read that sees nothing but the revision.
    fileprivate static var glance: StoreOperation { .range(key: "z", end: "a") }
}
