extension FlagTable {
    static let features: [FlagDefinition] = [
        .flag(
            "corrupt-check-time", \.corruptCheckTime, .features,
            "Interval of comparing data between members, 0 for never."),
        .flag(
            "compact-hash-check-time", \.compactHashCheckTime, .features,
            "Interval of comparing hashes of compactions between members."),
        .flag(
            "compaction-batch-limit", \.compactionBatchMax, .features,
            "Most revisions dropped in one step of a compaction; 0 for 1000."),
        .flag(
            "compaction-sleep-interval", \.compactionSleepInterval, .features,
            "Pause between two steps of a compaction; 0 for 10ms."),
        .flag(
            "watch-progress-notify-interval", \.watchProgressNotifyInterval, .features,
            "Interval of progress notifications to idle watchers; 0 for 10m."),
        .flag(
            "downgrade-check-time", \.downgradeCheckTime, .features,
            "Interval of checking whether a downgrade is in progress."),
        .flag(
            "warning-apply-duration", \.warningApplyDuration, .features,
            "Duration from which applying a request is logged as slow."),
        .flag(
            "bootstrap-defrag-threshold-megabytes", \.bootstrapDefragThresholdMegabytes,
            .features,
            "Defragment at the start if it frees at least so many megabytes; 0 for never."),
        .flag("max-learners", \.learnersMax, .features, "Most learners that the cluster may have."),
        .flag(
            "snapshot-catchup-entries", \.snapshotCatchUpEntries, .features,
            "Entries kept in memory behind a snapshot for slow followers."),
        .flag(
            "unsafe-no-fsync", \.unsafeNoFsync, .unsafe,
            "Never wait for the disk. Loses data when the machine fails."),
        .flag(
            "force-new-cluster", \.forceNewCluster, .unsafe,
            "Make a new one-member cluster of this member's data."),
    ]
}
