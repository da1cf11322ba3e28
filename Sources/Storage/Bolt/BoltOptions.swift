/// How a Bolt file is opened.
package struct BoltOptions: Sendable {
    /// Opens without the right to write; `beginWrite` is then a programmer error.
    package var readOnly: Bool

    /// Address space reserved for the mapping, at least this and twice the file's size.
    package var initialMapBytes: Int

    /// Page size of a file that is created: a power of two, 1,024 to 65,536 bytes. An existing
    /// file keeps its own.
    package var pageSizeBytes: Int

    /// Whether a commit waits until the disk holds it. Without it a crash can lose the file.
    package var syncOnCommit: Bool

    /// Whether a commit stores the list of free pages (bbolt's default). etcd does not: the list
    /// is then rebuilt when the file is opened.
    package var freelistOnDisk: Bool

    /// Promises that only the root holds buckets, as in every file of etcd. Opening then reads
    /// few leaf pages; a file that breaks the promise would lose its nested buckets.
    package var bucketsAreFlat: Bool

    /// Bytes by which the file grows beyond what is needed, as in bbolt.
    package var growthStepBytes: Int

    /// Whether the file's pages are kept in memory. What the system refuses to keep is an error.
    package var locksMemory = false

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
            BoltOptions.isValidPageSize(pageSizeBytes),
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
