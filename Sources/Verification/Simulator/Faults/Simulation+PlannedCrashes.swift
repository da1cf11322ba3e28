import Disk
import EtcdAPI
import Linearizability

/// Work of the backend in whose midst a member is to end, the step at which it does drawn before.
struct PlannedCrash {
    /// Steps that it still does.
    var stepsLeft: Int
    let losesPower: Bool
}

/// A member ends by plan.
struct PlannedEnd: Error {}

/// Crashes in the midst of what takes many steps.
extension Simulation {
    /// The newest revision, a deletion more often than not, is compacted, and a member ends over
    /// it: what stays has to say which revision was the newest.
    func crashInCompaction(_ host: Host) {
        let key = clientDice.happens(500_000) ? "a" : "b"
        let operation = StoreOperation.delete(key: key)
        begin(.store(operation), client: -1, at: host.number)
        host.compactionCrash = drawCrash(steps: 6)
        compactNewest(host.number, after: faultDice.duration(5 * .millisecond...400 * .millisecond))
    }

    private func compactNewest(_ host: Int, after delay: Nanoseconds) {
        schedule(.compactNewest(host: host), after: delay)
    }

    /// Asks for a compaction of all that a member knows of.
    func beginNewestCompaction(_ number: Int) {
        guard let member = hosts[number].member else { return }
        let revision = member.state.store.newestRevision
        guard revision > clients.newestCompaction else { return }
        clients.newestCompaction = revision
        begin(
            .compaction, client: -1, at: number,
            request: .propose(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(revision: revision).encoded()))
    }

    func crashInDefragmentation(_ host: Host) {
        guard let member = host.member else { return }
        host.defragmentationCrash = drawCrash(steps: 25)
        member.defragment()
    }

    /// An end after some more steps.
    func drawCrash(steps: Int) -> PlannedCrash {
        PlannedCrash(
            stepsLeft: faultDice.number(below: steps), losesPower: faultDice.happens(500_000))
    }
}

extension SimulatedMember {
    /// Ends the member if this step is the one at which it is to end.
    func endIfPlanned(
        _ planned: ReferenceWritableKeyPath<Host, PlannedCrash?>, _ occurrence: Occurrence
    ) throws {
        guard var crash = host[keyPath: planned] else { return }
        crash.stepsLeft -= 1
        host[keyPath: planned] = crash.stepsLeft < 0 ? nil : crash
        guard crash.stepsLeft < 0 else { return }
        simulation.report.count(occurrence)
        host.endsWithPower = !crash.losesPower
        throw PlannedEnd()
    }
}
