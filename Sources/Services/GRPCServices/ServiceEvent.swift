package import EtcdAPI
package import MonotonicClock

/// Events of the services to be logged.
package enum ServiceEvent: Sendable {
    case defragmentationRequested
    case defragmentationBegins(path: String, sizes: DatabaseSizes)
    case defragmentationEnds(
        path: String, before: DatabaseSizes, after: DatabaseSizes, time: TimeSpan)
    case defragmentationFailed(String)
    /// A login with a wrong user or password.
    case loginRefused(user: String, EtcdError)
    /// The serving status changed; the reason is empty when serving.
    case servingChanged(isServing: Bool, reason: String)
    case snapshotBegins(sizeBytes: Int, storageVersion: String)
    case snapshotDigest(sizeBytes: Int, digestBytes: Int)
    case snapshotSent(sizeBytes: Int, storageVersion: String, time: TimeSpan)
}

/// The size of the database file, and the part of it in use.
package struct DatabaseSizes: Sendable, Equatable {
    package let fileBytes: Int
    package let usedBytes: Int

    package init(fileBytes: Int, usedBytes: Int) {
        self.fileBytes = fileBytes
        self.usedBytes = usedBytes
    }
}
