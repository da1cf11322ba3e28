import Auth
import EtcdAPI
import Checkers
import Identifiers
import MVCC
import MonotonicClock
import StateMachine

/// A client that reads a large response pair by pair, or a transaction slice by slice. It pins the
/// revision, so a compaction above it waits for it, up to a limit.
final class SlowRead {
    let request: RecordedRead
    /// The applied index of the member when the read began.
    let index: LogIndex
    let revision: Revision
    let rest: TimeSpan
    private let source: Source
    private var isPrepared = false
    private var writer = WireWriter(capacity: 1 << 10)

    private enum Source {
        case range(RangeReader)
        case transaction(ReadOnlyTransaction)
    }

    init(
        _ request: RecordedRead, inTransaction: Bool, of member: SimulatedMember,
        by identity: Identity, rest: TimeSpan
    ) throws {
        self.request = request
        self.rest = rest
        index = member.applied
        let (range, store) = (RangeRequest(request), member.state.store)
        if inTransaction {
            let transaction = try ReadOnlyTransaction(
                Self.transaction(range), by: identity, in: store)
            revision = request.revision > 0 ? request.revision : transaction.revision
            source = .transaction(transaction)
        } else {
            let reader = try store.openRange(range, by: identity)
            revision = reader.revision
            source = .range(reader)
        }
    }

    /// A transaction whose only compare holds for all keys of the range.
    private static func transaction(_ range: RangeRequest) -> TxnRequest {
        let exists = Compare(
            result: .greater, target: .version, key: range.key, operand: .version(-1),
            rangeEnd: range.rangeEnd)
        return TxnRequest(compare: [exists], success: [.range(range)], failure: [])
    }

    var isTransaction: Bool {
        if case .transaction = source { true } else { false }
    }

    /// Reads the next pair or slice; returns the whole response after the last.
    func step() throws(ReadError) -> RecordedReadResponse? {
        switch source {
        case .range(let reader):
            if !isPrepared { isPrepared = try reader.prepare(sizing: false) }
            guard isPrepared, try reader.read(keys: 1, bytes: 1, into: &writer) else { return nil }
            return RecordedReadResponse(writer.written, more: reader.more, count: reader.count)
        case .transaction(let transaction):
            guard try transaction.advance() else { return nil }
            guard case .range(let range)? = transaction.response.responses.first else {
                return .malformed("a transaction without its range")
            }
            return RecordedReadResponse(range)
        }
    }
}

/// Slow reads, at most one at each member.
extension Simulation {
    func beginSlowRead() throws {
        guard isFaultPhase else { return }
        schedule(.beginSlowRead, after: clientRandom.duration(100 * .millisecond...2 * .second))
        let host = hosts[clientRandom.number(below: hosts.count)]
        let rest = clientRandom.duration(10 * .millisecond...600 * .millisecond)
        let isOld = clientRandom.happens(700_000)
        let inTransaction = clientRandom.happens(400_000)
        guard let member = host.member, member.slowRead == nil, !member.isInstalling,
            host.pausedUntil <= now
        else { return }
        var request = RecordedRead(KeyRange(key: "a", end: "z"))
        let revisions = member.state.store.revisions
        if isOld {
            let oldest = max(revisions.compacted, 1)
            let width = revisions.current - oldest + 1
            request.revision = oldest + clientRandom.number(below: width)
        }
        let identity = users.isActive ? Credentials(&users.random).identity : .none
        var isRefused = false
        try attempt(host) {
            do {
                member.slowRead = try SlowRead(
                    request, inTransaction: inTransaction, of: member, by: identity, rest: rest)
            } catch ReadError.refused(let error) where error.isOfPermission {
                isRefused = true
            }
        }
        guard host.member === member else { return }
        try record.requirePermission(
            for: .read(request.range), by: identity, isRefused: isRefused, at: member.readIndex,
            host)
        guard !isRefused else { return report.count(.deniedReads) }
        schedule(.readSlowly(host: host.number, run: host.runs), after: rest)
    }

    /// The next pair of a slow read.
    func readSlowly(_ number: Int, run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run), let read = member.slowRead else { return }
        guard host.pausedUntil <= now else {
            return schedule(
                .readSlowly(host: number, run: run), after: host.pausedUntil - now)
        }
        try attempt(host) {
            var response: RecordedReadResponse?
            do {
                response = try read.step()
            } catch ReadError.refused(.compacted) {
                member.slowRead = nil
                return try requireCompacted(read, member)
            }
            guard let response else {
                return schedule(.readSlowly(host: number, run: run), after: read.rest)
            }
            member.slowRead = nil
            report.count(read.isTransaction ? .slowTransactions : .slowReads)
            try record.requireResponse(to: read.request, at: read.index, response, host)
        }
    }

    /// A reader may lose its revision only to a compaction.
    private func requireCompacted(_ read: SlowRead, _ member: SimulatedMember) throws {
        report.count(.readersRevoked)
        guard member.state.store.revisions.compacted <= read.revision else { return }
        throw SimulationFailure(
            "host \(member.host.number): a reader has lost revision \(read.revision), "
                + "which is not compacted")
    }
}
