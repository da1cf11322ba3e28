import EtcdAPI
import Checkers
import Identifiers
import Linearizability
import MVCC
import StateMachine

/// Reads: each response is checked against the event log at once, and goes into the history.
extension Simulation {
    /// Executes a read.
    func serve(_ number: CallNumber) throws {
        guard let call = clients.calls[number], case .read(let request, _) = call.kind else {
            return
        }
        let host = hosts[call.host]
        guard let member = host.member(ofRun: call.run) else {
            return schedule(.response(number, .lost), after: .millisecond)
        }
        if host.pausedUntil > now {
            return schedule(.serve(number), after: host.pausedUntil - now)
        }
        var found: (response: RecordedReadResponse, revision: Revision)?
        var refusal: EtcdError?
        try attempt(host) {
            (found, refusal) = try execute(mutated(request), of: member, for: call)
        }
        if found != nil || refusal != nil {
            try record.requirePermission(
                for: .read(request.range), by: call.identity, isRefused: refusal != nil,
                at: member.readIndex, host)
        }
        if refusal != nil {
            report.count(.deniedReads)
            renewLogin(of: call.client, afterRefusal: true)
            return end(number, .refused)
        }
        guard case (var response, let revision)? = found else { return loseCall(number) }
        if mutant == .rangeHidesMore, case .pairs(let pairs, _, let count) = response {
            response = .pairs(pairs, more: false, count: count)
        }
        let index = member.readIndex
        try record.requireResponse(to: request, at: index, response, host)
        try finish(number, response, storeRevision: revision)
    }

    /// Executes a read on behalf of its caller. A mutant treats a damaged page as an empty one.
    private func execute(
        _ request: RecordedRead, of member: SimulatedMember, for call: Call
    ) throws -> ((response: RecordedReadResponse, revision: Revision)?, refusal: EtcdError?) {
        guard let reader = reader(of: call, request, member) else {
            return (nil, .permissionDenied)
        }
        do {
            return (try member.state.store.execute(request, by: reader), nil)
        } catch ReadError.refused(let error) where error.isOfPermission {
            return (nil, error)
        } catch {
            guard mutant == .damageUnnoticed else { throw error }
            return (
                (.pairs([], more: false, count: 0), member.state.store.revisions.current), nil
            )
        }
    }

    /// Applies a mutant to a read.
    private func mutated(_ request: RecordedRead) -> RecordedRead {
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

    /// A read completes. The pairs are of its revision, whenever that was; the header has the
    /// revision of the store at the time of the call.
    private func finish(
        _ number: CallNumber, _ response: RecordedReadResponse, storeRevision: Revision
    ) throws {
        guard let call = clients.calls[number],
            case .read(let request, let isSerializable) = call.kind
        else { return }
        report.count(.reads)
        switch response {
        case .compacted:
            report.count(.readsCompacted)
            return end(number, .refused)
        case .futureRevision, .malformed: return end(number, .refused)
        case .pairs(let pairs, _, let count):
            let isOld = request.revision > 0
            let body = StoreResponseBody.range(pairs, omitted: count - pairs.count)
            observeRevision(of: StoreResponse(revision: storeRevision, body))
            if isOld { report.count(.readsOfOldRevisions) }
            if request.isPlain {
                let operation = StoreOperation.range(
                    key: request.range.key, end: request.range.end, limit: request.limit)
                let revision = isOld ? request.revision : storeRevision
                addToHistory(
                    call, operation, StoreResponse(revision: revision, body),
                    isTimed: !isOld && !isSerializable)
            } else {
                report.count(.arrangedReads)
            }
            if !isSerializable, isOld || !request.isPlain {
                addToHistory(
                    call, .revisionOnly, StoreResponse(revision: storeRevision, .range([])),
                    isTimed: true)
            }
            end(number, .completed)
        }
    }

    /// A read without time bounds only has to match some state of the history.
    private func addToHistory(
        _ call: Call, _ operation: StoreOperation, _ response: StoreResponse, isTimed: Bool
    ) {
        let timestamp = clients.nextTimestamp()
        clients.history.append(
            StoreCall(
                client: call.client, operation: operation,
                calledAt: isTimed ? call.calledAt : 0, response: response,
                returnedAt: isTimed ? timestamp : .max))
    }
}

extension StoreOperation {
    /// A read that observes only the revision.
    fileprivate static var revisionOnly: StoreOperation { .range(key: "z", end: "a") }
}
