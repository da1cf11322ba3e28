/// A safety rule that can be switched off, to see whether the judges notice.
///
/// Most are rules of those who carry out a replica's effects, and are broken in the simulated
/// member; what only the consensus machine can break is a `RaftMutation`.
package enum Mutant: String, Sendable, CaseIterable {
    /// A leader counts its own entries before they are synchronized.
    case leaderCountsEarly = "leader-counts-before-fsync"
    /// A follower acknowledges entries before they are synchronized.
    case followerAcknowledgesEarly = "follower-acknowledges-before-fsync"
    /// The vote is not written down.
    case forgetsVotes = "vote-not-persisted"
    /// Votes are granted to candidates whose log is behind.
    case votesForShorterLogs = "vote-for-shorter-log"
    /// Entries of earlier terms are committed by counting.
    case commitsEarlierTerms = "commits-earlier-terms"
    /// Entries that contradict the leader's stay on the disk.
    case keepsConflicts = "conflicts-kept-on-disk"
    /// A leader answers reads without asking whether it still leads.
    case readsWithoutQuorum = "read-index-without-quorum"
    /// Linearizable reads are served from whatever the member has.
    case readsWithoutRound = "read-without-round"
    /// Reads do not wait until their index is applied.
    case readsBeforeApplying = "read-before-apply"
    /// A member that has become the only voter reads without asking anybody before it has applied
    /// what two voters have committed.
    case readsAloneTooSoon = "local-read-before-apply"
    /// The applied index is stored in a transaction after that of the data.
    case indexAfterData = "index-after-data"
    /// The applied index is stored in a transaction before that of the data.
    case indexBeforeData = "index-before-data"
    /// The applied index is stored only with changes of keys, and stays behind those of leases.
    case indexOnlyWithKeys = "index-only-with-keys"
    /// A proposal is put into the log twice.
    case proposesTwice = "proposal-twice"
    /// The consensus machine takes learners for voters.
    case learnersVote = "learner-votes"
    /// Changes of the membership take effect before they are committed.
    case changesEarly = "membership-before-commit"
    /// A received snapshot is taken before its database is durable.
    case snapshotBeforeDatabase = "snapshot-before-database"
    /// A received snapshot is not noted in the log.
    case snapshotWithoutNote = "snapshot-without-note"
    /// A received snapshot leaves the database as it was.
    case snapshotWithoutState = "snapshot-without-state"
    /// A client's snapshot is of the database as it is, without what waits to be written.
    case snapshotBeforePersisting = "client-snapshot-before-persisting"
    /// The log is cut before the snapshot that stands for it is durable.
    case cutsLogEarly = "log-cut-before-snapshot"
    /// A member raises its term without asking the others first.
    case campaignsUnasked = "no-pre-vote"
    /// A leader that hears no quorum goes on.
    case leadsUnheard = "no-check-quorum"
    /// A leader whose log disk hangs goes on leading.
    case leadsHung = "leads-with-hung-disk"
    /// What a leader wants of leases is proposed although it has been deposed.
    case endsLeasesDeposed = "lease-ends-after-leadership"
    /// A leader answers renewals without asking whether it still leads.
    case renewsUnconfirmed = "renewal-without-quorum"
    /// A leader tells how long leases live without asking whether it still leads.
    case tellsLivesUnconfirmed = "lease-time-without-quorum"
    /// A watcher that starts in the past misses its first revision.
    case watchSkipsRevision = "watch-resync-off-by-one"
    /// What a slow watcher has no room for is lost.
    case watchLosesEvents = "watch-loses-events"
    /// The deletion at the revision of a compaction is removed from the file with the rest.
    case compactsNewestDeletion = "compaction-of-newest-delete"
    /// A defragmentation stores the applied index while the data waits to be written.
    case storesIndexDefragmenting = "index-stored-by-defragmentation"
    /// A lease's clock goes on as if it had never been renewed.
    case ignoresRenewals = "renewal-without-effect"

    /// A damaged page is read as one that holds nothing.
    case damageUnnoticed = "damaged-page-unnoticed"

    // What clients are told.

    /// A watcher that goes on is told its last revision again.
    case watchRepeatsRevision = "watch-repeats-after-resume"
    /// A progress overtakes the events before it.
    case watchProgressEarly = "watch-progress-early"
    /// Events come without the pair before.
    case watchForgetsPrevious = "watch-without-previous"
    /// The events of a revision come one by one.
    case watchSplitsRevision = "watch-splits-revision"
    /// Filters let everything pass.
    case watchIgnoresFilters = "watch-ignores-filters"
    /// A watcher of a range is told of the keys behind it.
    case watchIgnoresRange = "watch-ignores-range-end"
    /// A read of an old revision is answered from the newest.
    case readsNewestForOld = "old-revision-read-at-newest"
    /// A limit lets one pair more through.
    case rangeExceedsLimit = "range-exceeds-limit"
    /// What a limit left out is not counted.
    case rangeHidesMore = "range-hides-more"
    /// Pairs come in the order of keys, whatever was asked for.
    case rangeIgnoresOrder = "range-unsorted"
    /// Bounds on revisions let every pair through.
    case rangeIgnoresBounds = "range-ignores-revision-bounds"
    /// A deletion of a range takes only its first key.
    case deletesOnlyTheFirst = "delete-range-as-single"
    /// A put does not tell the pair before.
    case forgetsPrevious = "put-without-previous"
    /// Keys are not hung on their leases.
    case putsWithoutLease = "put-without-lease"
    /// A comparison of a range looks at its first key only.
    case comparesOneKey = "compare-range-as-single"
    /// A compaction takes the oldest record that it has to keep.
    case compactionDropsKept = "compaction-drops-kept"
    /// Members hash one revision less than they say.
    case hashesTooFew = "hash-over-wrong-range"
    /// Leases end before their time.
    case leasesEndEarly = "lease-ends-early"
    /// The clocks of all leases start anew whenever the database was written.
    case promotesAfterWrites = "lease-clocks-restart-after-writes"
    /// Leases live on when their time is over.
    case leasesNeverEnd = "lease-never-ends"
    /// The end of a lease leaves one of its keys.
    case leaseKeepsAKey = "lease-leaves-a-key"
    /// Half of a lease's time is told.
    case tellsShortLives = "lease-time-told-short"
}
