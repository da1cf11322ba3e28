package import MonotonicClock

/// The configuration of a Bolt file.
package struct BoltConfiguration: Sendable {
    /// Opens read-only; `beginWrite` is then a programming error.
    package var readOnly: Bool

    /// Address space reserved for the mapping, at least this and twice the file's size.
    package var initialMapBytes: Int

    /// Page size of a new file: a power of two, 1,024 to 65,536 bytes. An existing file keeps its
    /// own.
    package var pageSizeBytes: Int

    /// Whether a commit waits until it is durable. Without it a crash can destroy the file.
    package var syncOnCommit: Bool

    /// Whether a commit stores the freelist (bbolt's default). etcd does not: the list is then
    /// rebuilt when the file is opened.
    package var freelistOnDisk: Bool

    /// Asserts that the root has nothing but buckets, and that these have none, as in every file of
    /// etcd. Opening then reads few leaf pages; the nested buckets of a file that violates this
    /// would be lost. `check` finds violations.
    package var bucketsAreFlat: Bool

    /// Bytes by which the file grows beyond the needed size, as in bbolt.
    package var growthStepBytes: Int

    /// Whether scans of the whole file, at its opening and by `check`, release the memory of pages
    /// that they have read: for programs that read a file once.
    package var releasesScannedPages = false

    /// Whether the file's pages are locked in memory. A refusal by the system is an error.
    package var locksMemory = false

    /// The clock that `Bolt.commitTimes` are measured with; they are zero without one.
    package var now: @Sendable () -> MonotonicTime = { .zero }

    package init(
        readOnly: Bool = false,
        initialMapBytes: Int = 10 << 30,
        pageSizeBytes: Int = 4096,
        syncOnCommit: Bool = true,
        freelistOnDisk: Bool = false,
        bucketsAreFlat: Bool = false,
        growthStepBytes: Int = 16 << 20
    ) {
        precondition(
            BoltConfiguration.isValidPageSize(pageSizeBytes),
            "the page size is a power of two from 1,024 to 65,536 bytes")
        precondition(initialMapBytes > 0, "a mapping has a size")
        precondition(growthStepBytes >= 0, "a file grows by a step that is not negative")
        self.readOnly = readOnly
        self.initialMapBytes = initialMapBytes
        self.pageSizeBytes = pageSizeBytes
        self.syncOnCommit = syncOnCommit
        self.freelistOnDisk = freelistOnDisk
        self.bucketsAreFlat = bucketsAreFlat
        self.growthStepBytes = growthStepBytes
    }

    static func isValidPageSize(_ bytes: Int) -> Bool {
        bytes >= 1024 && bytes <= 65536 && bytes & (bytes - 1) == 0
    }
}
