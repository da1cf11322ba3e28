import Disk
import EtcdAPI
import Linearizability
import MonotonicClock

/// Backend work during which a member is to crash, at a step that was drawn before.
struct PlannedCrash {
    /// Steps before the crash.
    var stepsLeft: Int
    let losesPower: Bool
}

/// A planned crash of a member.
struct PlannedStop: Error {}

/// Crashes in the midst of operations of many steps.
extension Simulation {
    /// The newest revision, a deletion more often than not, is compacted, and the member crashes
    /// meanwhile: the remaining records have to show which revision was the newest.
    func crashInCompaction(_ host: Host) {
        let key = clientRandom.happens(500_000) ? "a" : "b"
        let operation = StoreOperation.delete(key: key)
        begin(.store(operation), client: -1, at: host.number)
        host.compactionCrash = drawCrash(steps: 6)
        compactNewest(
            host.number, after: faultRandom.duration(5 * .millisecond...400 * .millisecond))
    }

    private func compactNewest(_ host: Int, after delay: TimeSpan) {
        schedule(.compactNewest(host: host), after: delay)
    }

    /// Requests a compaction at a member's newest revision.
    func beginNewestCompaction(_ number: Int) {
        guard let member = hosts[number].member else { return }
        let revision = member.state.store.newestRevision
        guard revision > clients.newestCompaction else { return }
        clients.newestCompaction = revision
        begin(
            .compaction, client: -1, at: number,
            request: .propose(
                field: InternalRaftRequest.Field.compaction,
                payload: CompactionRequest(revision: revision.rawValue).encoded()))
    }

    func crashInDefragmentation(_ host: Host) {
        guard let member = host.member else { return }
        host.defragmentationCrash = drawCrash(steps: 25)
        member.defragment()
    }

    /// A crash after some more steps.
    func drawCrash(steps: Int) -> PlannedCrash {
        PlannedCrash(
            stepsLeft: faultRandom.number(below: steps), losesPower: faultRandom.happens(500_000))
    }
}

extension SimulatedMember {
    /// Crashes the member if this step is the planned one.
    func crashIfPlanned(
        _ planned: ReferenceWritableKeyPath<Host, PlannedCrash?>, _ occurrence: Occurrence
    ) throws {
        guard var crash = host[keyPath: planned] else { return }
        crash.stepsLeft -= 1
        host[keyPath: planned] = crash.stepsLeft < 0 ? nil : crash
        guard crash.stepsLeft < 0 else { return }
        simulation.report.count(occurrence)
        host.keepsPower = !crash.losesPower
        throw PlannedStop()
    }
}
