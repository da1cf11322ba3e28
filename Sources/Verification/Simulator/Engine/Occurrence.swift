/// What a run counts: what its clients got, which faults came, and which rare paths were taken.
///
/// The rare paths are probes: a range of seeds in which one of them is never taken does not test
/// it. They are seen from outside, by what members do.
package enum Occurrence: String, Sendable, CaseIterable {
    // What clients got.
    case answered, unanswered, refused, reads
    // Faults.
    case crashes, powerFailures = "power failures", halts = "crashes inside a disk call"
    case diskFailures = "failed fsyncs", fullDisks = "full disks", stalls, bitFlips = "bit flips"
    case pauses, clockJumps = "clock jumps", partitions
    case lostMessages = "lost messages", duplicates
    case replacements, wiped = "wiped disks", promotions, transfers, removals
    // Rare paths.
    case elections, leaderChanges = "leader changes"
    case truncations = "conflicting entries replaced"
    case durableTruncations = "durable entries replaced"
    case snapshotsTaken = "snapshots taken", snapshotsSent = "snapshots sent"
    case snapshotsInstalled = "snapshots installed"
    case snapshotsOverLog = "snapshots over a longer log"
    case snapshotsRecovered = "snapshots installed at the start"
    case snapshotsCut = "snapshots cut off", snapshotsRefused = "snapshots refused"
    case tornLogs = "torn logs repaired"
    case segmentsCut = "segments cut"
    case compactionsResumed = "compactions resumed", compactions
    case heldProposals = "proposals held without a leader"
    case retriedReads = "reads asked again"
    case leasesExpired = "leases expired", leasesGranted = "leases granted"
    case leasesRenewed = "leases renewed"
    case refusedStarts = "starts refused over damage"
    case foundedAgain = "founded again after a crash"
    case hashesCompared = "hashes compared"
    case soleWrites = "sole writes"
    case defragmentations
    case watchEvents = "watch events", watchesCompacted = "watches compacted"
    case watchesResumed = "watches resumed", watchProgress = "watch progress told"
    case previousPairs = "previous pairs told", watchesDone = "watches begun anew"
    case readsCompacted = "reads of compacted revisions"
    case readsOfThePast = "reads of old revisions"
    case leaseReports = "leases asked for their time"
    case compactionHashes = "hashes of compactions compared"
}
