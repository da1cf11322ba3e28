internal import Disk

/// The open file and its lock.
///
/// The lock is held by a second, unmapped descriptor of the file: the system keeps the lock of a
/// descriptor as long as a mapping made from it exists, and read transactions keep the mapping.
final class BoltFile: @unchecked Sendable {
    // `@unchecked Sendable`: used by the writer only, which is one thread at a time.
    let content: any DiskFile
    private let lock: any DiskFile

    /// Opens, creating the file unless `readOnly`, and takes the lock or throws `.locked`.
    init(disk: any Disk, path: String, readOnly: Bool) throws(DiskError) {
        content = try disk.open(path, readOnly ? .read : .create(permissions: 0o600))
        do throws(DiskError) {
            lock = try disk.open(path, .read)
        } catch {
            content.close()
            throw error
        }
        do throws(DiskError) {
            try lock.lock()
        } catch {
            close()
            throw error
        }
    }

    func close() {
        content.close()
        lock.close()
    }
}
