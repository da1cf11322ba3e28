import EtcdAPI
import Judges
import MVCC
import StateMachine

/// A client that takes a large answer pair by pair. Its reader pins the revision, so a compaction
/// above has to wait for it, until that gives up waiting.
final class SlowRead {
    let request: ReadRequest
    /// What the member had applied when the read began.
    let index: UInt64
    let reader: RangeReader
    let rest: Nanoseconds
    private var isPrepared = false
    private var writer = WireWriter(capacity: 1 << 10)

    init(_ request: ReadRequest, of member: SimulatedMember, rest: Nanoseconds) throws {
        self.request = request
        self.rest = rest
        index = member.applied
        reader = try member.state.store.openRange(RangeRequest(request))
    }

    /// Reads the next pair; the whole answer after the last.
    func step() throws(ReadError) -> ReadAnswer? {
        if !isPrepared { isPrepared = try reader.prepare(sizing: false) }
        guard isPrepared, try reader.read(keys: 1, bytes: 1, into: &writer) else { return nil }
        return ReadAnswer(writer.written, more: reader.more, count: reader.count)
    }
}

/// Clients that read slowly, each alone at its member.
extension Simulation {
    func beginSlowRead() throws {
        guard isStormy else { return }
        schedule(.beginSlowRead, after: clientDice.duration(100 * .millisecond...2 * .second))
        let host = hosts[clientDice.number(below: hosts.count)]
        let rest = clientDice.duration(10 * .millisecond...600 * .millisecond)
        let isOld = clientDice.happens(700_000)
        guard let member = host.member, member.slowRead == nil, !member.isInstalling,
            host.pausedUntil <= now
        else { return }
        var request = ReadRequest(KeyRange(key: "a", end: "z"))
        let revisions = member.state.store.revisions
        if isOld {
            let oldest = max(revisions.compacted, 1)
            let width = Int(revisions.current - oldest) + 1
            request.revision = oldest + Int64(clientDice.number(below: width))
        }
        try attempt(host) { member.slowRead = try SlowRead(request, of: member, rest: rest) }
        schedule(.readSlowly(host: host.number, run: host.runs), after: rest)
    }

    /// The next pair of an answer that is read slowly.
    func readSlowly(_ number: Int, run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run), let read = member.slowRead else { return }
        guard host.pausedUntil <= now else {
            return schedule(
                .readSlowly(host: number, run: run), after: host.pausedUntil - now)
        }
        try attempt(host) {
            var answer: ReadAnswer?
            do {
                answer = try read.step()
            } catch ReadError.refused(.compacted) {
                member.slowRead = nil
                return try requireCompacted(read, member)
            }
            guard let answer else {
                return schedule(.readSlowly(host: number, run: run), after: read.rest)
            }
            member.slowRead = nil
            report.count(.slowReads)
            try record.requireAnswer(to: read.request, at: read.index, answer, host)
        }
    }

    /// A reader loses its revision only to a compaction.
    private func requireCompacted(_ read: SlowRead, _ member: SimulatedMember) throws {
        report.count(.readersRevoked)
        guard member.state.store.revisions.compacted <= read.reader.revision else { return }
        throw SimulationFailure(
            "host \(member.host.number): a reader has lost revision \(read.reader.revision), "
                + "which is not compacted")
    }
}
