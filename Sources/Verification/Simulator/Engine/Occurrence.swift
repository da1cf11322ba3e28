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
    case pauses, heldLanes = "held lanes", clockJumps = "clock jumps", partitions
    case lostMessages = "lost messages", duplicates
    case floods = "leaders cut off with a long log"
    case brokenConnections = "broken connections", messagesCut = "messages cut in the middle"
    case downgrades, downgradesEnded = "downgrades ended"
    case versionsChanged = "programs changed", programsTooOld = "programs too old"
    case replacements, wiped = "wiped disks", promotions, transfers, removals
    // Rare paths.
    case versionsLowered = "cluster versions lowered", versionsRaised = "cluster versions raised"
    case jointEntered = "joint configurations entered", jointLeft = "joint configurations left"
    case jointLeftByLater = "joint configurations left by a later leader"
    case jointRestarts = "starts in a joint configuration"
    case jointElections = "elections in a joint configuration"
    case jointSnapshots = "snapshots of a joint configuration"
    case elections, leaderChanges = "leader changes"
    case truncations = "conflicting entries replaced"
    case durableTruncations = "durable entries replaced"
    case snapshotsTaken = "snapshots taken", snapshotsSent = "snapshots sent"
    case snapshotsInstalled = "snapshots installed"
    case snapshotsOverLog = "snapshots over a longer log"
    case snapshotsRecovered = "snapshots installed at the start"
    case snapshotsCut = "snapshots cut off"
    case tornLogs = "torn logs repaired"
    case crashesInCompaction = "crashes in a compaction"
    case crashesInDefragmentation = "crashes in a defragmentation"
    case crashesInInstallation = "crashes in the installation of a snapshot"
    case snapshotsAtOnce = "snapshots received while one is taken"
    case deposedEndings = "ends of leases dropped by a deposed leader"
    case unconfirmedAnswers = "answers on leases that no quorum confirmed"
    case leadersUnheard = "leaders that stepped down unheard"
    case transferElections = "elections by a hand-over"
    case replayedEntries = "entries applied again at the start"
    case leadersRemoved = "leaders removed"
    case segmentsCut = "segments cut"
    case logTurnsParted = "log turns synchronized in parts"
    case compactionsResumed = "compactions resumed", compactions
    case heldProposals = "proposals held without a leader"
    case retriedReads = "reads asked again"
    case leasesExpired = "leases expired", leasesGranted = "leases granted"
    case leasesRenewed = "leases renewed"
    case damagedSnapshotFiles = "damaged snapshot files refused"
    case damageFoundByHash = "damaged databases found by their hash"
    case damageBesideKeys = "damage beside the keys"
    case harmlessDamage = "damage without effect"
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
    case arrangedReads = "reads sorted, bounded or of keys alone"
    case leaseReports = "leases asked for their time"
    case compactionHashes = "hashes of compactions compared"
    case restores = "snapshots restored"
}
