/// A safety rule that can be switched off, to test whether the checkers notice.
///
/// Most are rules for the code that performs a replica's effects, and are broken in the simulated
/// member; a rule that only the Raft machine can break is a `RaftMutation`.
package enum Mutant: String, Sendable, CaseIterable {
    /// A leader counts its own entries before they are synchronized.
    case leaderCountsEarly = "leader-counts-before-fsync"
    /// A follower acknowledges entries before they are synchronized.
    case followerAcknowledgesEarly = "follower-acknowledges-before-fsync"
    /// The vote is not persisted.
    case forgetsVotes = "vote-not-persisted"
    /// Votes are granted to candidates with a shorter log.
    case votesForShorterLogs = "vote-for-shorter-log"
    /// Entries of earlier terms are committed by counting.
    case commitsEarlierTerms = "commits-earlier-terms"
    /// Entries that conflict with the leader's stay on the disk.
    case keepsConflicts = "conflicts-kept-on-disk"
    /// A leader serves reads without a quorum that confirms its leadership.
    case readsWithoutQuorum = "read-index-without-quorum"
    /// Linearizable reads are served from the current state of the member, without ReadIndex.
    case readsWithoutReadIndex = "read-without-read-index"
    /// Reads do not wait until their index is applied.
    case readsBeforeApplying = "read-before-apply"
    /// A member that has become the single voter reads locally before it has applied what two
    /// voters have committed.
    case readsLocallyTooEarly = "local-read-before-apply"
    /// The applied index is stored in a transaction after that of the data.
    case indexAfterData = "index-after-data"
    /// The applied index is stored in a transaction before that of the data.
    case indexBeforeData = "index-before-data"
    /// The applied index is stored only with changes of keys, and not with those of leases.
    case indexOnlyWithKeys = "index-only-with-keys"
    /// A request is proposed twice.
    case proposesTwice = "proposal-twice"
    /// The Raft machine treats learners as voters.
    case learnersVote = "learner-votes"
    /// Membership changes take effect before they are committed.
    case changesEarly = "membership-before-commit"
    /// A received snapshot is accepted before its database is durable.
    case snapshotBeforeDatabase = "snapshot-before-database"
    /// A received snapshot is not recorded in the log.
    case snapshotNotRecorded = "snapshot-not-recorded"
    /// A received snapshot does not replace the database.
    case snapshotWithoutState = "snapshot-without-state"
    /// A client's snapshot is of the database as it is, without the data of the write buffer.
    case snapshotBeforePersisting = "client-snapshot-before-persisting"
    /// The log is compacted before the snapshot that covers it is durable.
    case compactsLogEarly = "log-compacted-before-snapshot"
    /// A member raises its term without a pre-vote.
    case campaignsWithoutPreVote = "no-pre-vote"
    /// A leader without contact to a quorum does not step down.
    case leadsWithoutQuorum = "no-check-quorum"
    /// A leader whose log disk hangs does not step down.
    case leadsWithHungDisk = "leads-with-hung-disk"
    /// Lease revocations and checkpoints of a leader are proposed although it has been deposed.
    case revokesLeasesDeposed = "lease-ends-after-leadership"
    /// A leader renews leases without a quorum that confirms its leadership.
    case renewsUnconfirmed = "renewal-without-quorum"
    /// A leader reports the time to live of leases without a quorum.
    case reportsLeasesUnconfirmed = "lease-time-without-quorum"
    /// A watcher that starts in the past misses its first revision.
    case watchSkipsRevision = "watch-resync-off-by-one"
    /// Events that do not fit into a slow watcher's queue are lost.
    case watchLosesEvents = "watch-loses-events"
    /// The deletion at the revision of a compaction is removed from the file with the rest.
    case compactsNewestDeletion = "compaction-of-newest-delete"
    /// A defragmentation stores the applied index while the data is still in the write buffer.
    case storesIndexDefragmenting = "index-stored-by-defragmentation"
    /// A renewal does not restart the clock of its lease.
    case ignoresRenewals = "renewal-without-effect"

    /// A damaged page is read as an empty one.
    case damageUnnoticed = "damaged-page-unnoticed"

    /// Ranges in transactions are not checked on a member that has no caller waiting for the
    /// response.
    case unawaitedRangesUnchecked = "unawaited-range-unchecked"

    // Permissions.

    /// Entries name the member instead of the caller.
    case proposesAsServer = "proposal-without-caller"
    /// Entries are applied whatever their auth revision is.
    case appliesOldRevisions = "old-auth-revision-applied"
    /// The previous pair of a put needs no permission.
    case putPreviousUnchecked = "previous-pair-unchecked"
    /// Transactions in transactions need no permission.
    case nestedUnchecked = "nested-transaction-unchecked"
    /// Transactions with comparisons need no permission.
    case comparesUnchecked = "comparison-unchecked"
    /// The keys of a lease need no permission when another key is attached.
    case leaseKeysUnchecked = "lease-attachment-unchecked"
    /// A deletion of a range needs no permission.
    case rangeEndUnchecked = "range-deletion-unchecked"
    /// Anybody may change users.
    case usersChangedByAnybody = "users-changed-by-anybody"
    /// Reads need no permission.
    case readsUnchecked = "read-unchecked"
    /// The permission of a read is that of its arrival, and the data later.
    case readsCheckedOnArrival = "read-checked-on-arrival"
    /// After a received state the permissions are still the former ones.
    case installsWithoutUsers = "snapshot-without-users"
    /// A watch needs the permission for its first key only.
    case watchChecksFirstKey = "watch-checks-first-key"
    /// A renewal needs no permission.
    case renewsUnchecked = "renewal-unchecked"

    // Responses to clients.

    /// A watcher that resumes receives its last revision again.
    case watchRepeatsRevision = "watch-repeats-after-resume"
    /// A progress notification overtakes the events before it.
    case watchProgressEarly = "watch-progress-early"
    /// Events lack the previous pair.
    case watchOmitsPrevious = "watch-without-previous"
    /// The events of a revision are sent one by one.
    case watchSplitsRevision = "watch-splits-revision"
    /// Filters let all events pass.
    case watchIgnoresFilters = "watch-ignores-filters"
    /// A watcher of a range receives events of the keys after it.
    case watchIgnoresRange = "watch-ignores-range-end"
    /// A read of an old revision returns the newest one.
    case readsNewestForOld = "old-revision-read-at-newest"
    /// A limit lets one more pair through.
    case rangeExceedsLimit = "range-exceeds-limit"
    /// A response that a limit cut off does not report more pairs.
    case rangeHidesMore = "range-hides-more"
    /// Pairs are in key order, whatever order was requested.
    case rangeIgnoresOrder = "range-unsorted"
    /// Bounds on revisions let every pair through.
    case rangeIgnoresBounds = "range-ignores-revision-bounds"
    /// A deletion of a range deletes only its first key.
    case deletesOnlyFirstKey = "delete-range-as-single"
    /// A put does not return the previous pair.
    case putOmitsPrevious = "put-without-previous"
    /// Keys are not attached to their leases.
    case putsWithoutLease = "put-without-lease"
    /// A comparison of a range checks only its first key.
    case comparesOneKey = "compare-range-as-single"
    /// A compaction removes the oldest record that it has to keep.
    case compactionDropsKept = "compaction-drops-kept"
    /// Members hash one revision less than they report.
    case hashesTooFew = "hash-over-wrong-range"
    /// Leases expire too early.
    case leasesExpireEarly = "lease-expires-early"
    /// The clocks of all leases restart whenever the database was written.
    case restartsLeaseClocks = "lease-clocks-restart-after-writes"
    /// Leases never expire.
    case leasesNeverExpire = "lease-never-expires"
    /// The revocation of a lease keeps one of its keys.
    case revocationKeepsKey = "lease-revocation-keeps-a-key"
    /// Half of a lease's remaining time is reported.
    case reportsShortTimeToLive = "lease-time-halved"
}
