import Auth
import EtcdAPI
import Checkers
import Identifiers
import MVCC
import MonotonicClock
import StateMachine

/// A client that reads a large response pair by pair. Its reader pins the revision, so a compaction
/// above it waits for the reader, up to a limit.
final class SlowRead {
    let request: RecordedRead
    /// The applied index of the member when the read began.
    let index: LogIndex
    let reader: RangeReader
    let rest: TimeSpan
    private var isPrepared = false
    private var writer = WireWriter(capacity: 1 << 10)

    init(
        _ request: RecordedRead, of member: SimulatedMember, by identity: Identity, rest: TimeSpan
    ) throws {
        self.request = request
        self.rest = rest
        index = member.applied
        reader = try member.state.store.openRange(RangeRequest(request), by: identity)
    }

    /// Reads the next pair; returns the whole response after the last.
    func step() throws(ReadError) -> RecordedReadResponse? {
        if !isPrepared { isPrepared = try reader.prepare(sizing: false) }
        guard isPrepared, try reader.read(keys: 1, bytes: 1, into: &writer) else { return nil }
        return RecordedReadResponse(writer.written, more: reader.more, count: reader.count)
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
                member.slowRead = try SlowRead(request, of: member, by: identity, rest: rest)
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
            report.count(.slowReads)
            try record.requireResponse(to: read.request, at: read.index, response, host)
        }
    }

    /// A reader may lose its revision only to a compaction.
    private func requireCompacted(_ read: SlowRead, _ member: SimulatedMember) throws {
        report.count(.readersRevoked)
        guard member.state.store.revisions.compacted <= read.reader.revision else { return }
        throw SimulationFailure(
            "host \(member.host.number): a reader has lost revision \(read.reader.revision), "
                + "which is not compacted")
    }
}
