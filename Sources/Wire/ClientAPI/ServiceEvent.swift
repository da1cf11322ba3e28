/// What a log should tell of the services. Sizes are bytes, times nanoseconds.
package enum ServiceEvent: Sendable {
    case defragmentationAsked
    case defragmentationBegins(path: String, sizes: DatabaseSizes)
    case defragmentationEnds(
        path: String, before: DatabaseSizes, after: DatabaseSizes, nanoseconds: Int64)
    case defragmentationFailed(String)
    /// Clients are welcome again, or are sent elsewhere for a reason.
    case servingChanged(isServing: Bool, reason: String)
    case snapshotBegins(sizeBytes: Int, storageVersion: String)
    case snapshotDigest(sizeBytes: Int, digestBytes: Int)
    case snapshotSent(sizeBytes: Int, storageVersion: String, nanoseconds: Int64)
}

/// How large the database file is, and how much of it is in use.
package struct DatabaseSizes: Sendable, Equatable {
    package let fileBytes: Int
    package let usedBytes: Int

    package init(fileBytes: Int, usedBytes: Int) {
        self.fileBytes = fileBytes
        self.usedBytes = usedBytes
    }
}
