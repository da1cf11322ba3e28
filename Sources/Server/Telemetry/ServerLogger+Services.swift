import EtcdAPI
package import MonotonicClock
import ServerLogging
package import GRPCServices

extension ServerLogger {
    /// Logs an event of the services with etcd's messages.
    package func log(_ event: ServiceEvent) {
        switch event {
        case .defragmentationRequested: info("starting defragment")
        case .defragmentationBegins(let path, let sizes):
            info(
                "defragmenting",
                [
                    "path": .string(path),
                    "current-db-size-bytes": .number(sizes.fileBytes),
                    "current-db-size": .string(ByteCount.text(sizes.fileBytes)),
                    "current-db-size-in-use-bytes": .number(sizes.usedBytes),
                    "current-db-size-in-use": .string(ByteCount.text(sizes.usedBytes)),
                ])
        case .defragmentationEnds(let path, let before, let after, let time):
            logDefragmentation(path, before, after, took: time)
            info("finished defragment")
        case .defragmentationFailed(let reason):
            warn("failed to defragment", ["error": .string(reason)])
        case .loginRefused(let user, let error): logRefusedLogin(user, error)
        case .servingChanged(let isServing, let reason): logServing(isServing, reason)
        case .snapshotBegins(let size, let version):
            info(
                "sending database snapshot to client",
                [
                    "total-bytes": .number(size), "size": .string(ByteCount.text(size)),
                    "storage-version": .string(version),
                ])
        case .snapshotDigest(let size, let digest):
            info(
                "sending database sha256 checksum to client",
                ["total-bytes": .number(size), "checksum-size": .number(digest)])
        case .snapshotSent(let size, let version, let time):
            info(
                "successfully sent database snapshot to client",
                [
                    "total-bytes": .number(size), "size": .string(ByteCount.text(size)),
                    "took": .duration(Duration(time)),
                    "storage-version": .string(version),
                ])
        }
    }

    /// Logs that the database was replaced by a defragmented copy.
    package func logDefragmentation(
        _ path: String, _ before: DatabaseSizes, _ after: DatabaseSizes, took time: TimeSpan
    ) {
        info(
            "finished defragmenting directory",
            [
                "path": .string(path),
                "current-db-size-bytes-diff": .number(after.fileBytes - before.fileBytes),
                "current-db-size-bytes": .number(after.fileBytes),
                "current-db-size": .string(ByteCount.text(after.fileBytes)),
                "current-db-size-in-use-bytes-diff": .number(after.usedBytes - before.usedBytes),
                "current-db-size-in-use-bytes": .number(after.usedBytes),
                "current-db-size-in-use": .string(ByteCount.text(after.usedBytes)),
                "took": .duration(Duration(time)),
            ])
    }

    /// A name of a stranger may have any length.
    private static let loggedNameBytesMax = 256

    private func logRefusedLogin(_ user: String, _ error: EtcdError) {
        let name = String(decoding: user.utf8.prefix(Self.loggedNameBytesMax), as: UTF8.self)
        let text = error.message.hasPrefix("auth: ") ? error.message : "auth: \(error.bareMessage)"
        warn(
            "invalid authentication was requested",
            ["user": .string(name), "error": .string(text)])
    }

    private func logServing(_ isServing: Bool, _ reason: String) {
        guard !isServing else {
            return info("grpc service status changed", ["service": "", "status": "SERVING"])
        }
        warn(
            "grpc service status changed",
            ["service": "", "status": "NOT_SERVING", "reason": .string(reason)])
    }
}
