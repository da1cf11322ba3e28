import ReplicaRuntime
import WriteAheadLog

/// Removes the oldest `.snap` files and received databases, at the start and every 30 seconds.
///
/// Snapshots are taken by the number of entries and removed by time, as in etcd, so that the files
/// of a directory are those that etcd has after the same history. The backend thread does the
/// work: it writes the snapshots as well, so nothing is removed while it is written.
struct SnapshotPurge: Sendable {
    let runtime: ReplicaRuntime
    let snapshots: SnapshotStore
    let logger: ServerLogger
    /// `--max-snapshots`; 0 keeps all.
    let maximum: Int

    static let interval = Duration.seconds(30)

    /// Runs until the task is cancelled.
    func run() async {
        guard maximum > 0 else { return }
        repeat {
            runtime.onBackend { [snapshots, logger, maximum] backend in
                Self.purge(
                    snapshots, keeping: maximum, recorded: backend.recordedSnapshot, logger)
            }
        } while (try? await Task.sleep(for: Self.interval)) != nil
    }

    /// A file that cannot be removed costs space alone; it is tried again.
    private static func purge(
        _ snapshots: SnapshotStore, keeping maximum: Int, recorded: UInt64,
        _ logger: ServerLogger
    ) {
        do throws(SnapshotStoreError) {
            for name in try snapshots.purge(keeping: maximum, recorded: recorded) {
                logger.info("purged", ["path": .string(name)])
            }
        } catch {
            logger.error("failed to purge snap file", ["error": .error(error)])
        }
    }
}
