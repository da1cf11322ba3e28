internal import Glibc

/// An open directory of `RealDisk`.
///
/// `@unchecked Sendable`: it belongs to one thread at a time, as `DiskDirectory` requires. Using it
/// after `close` fails with `EBADF`.
package final class RealDiskDirectory: DiskDirectory, @unchecked Sendable {
    private let path: String
    private let reserve: DescriptorReserve?
    private var descriptor: Int32

    init(path: String, descriptor: Int32, reserve: DescriptorReserve?) {
        self.path = path
        self.descriptor = descriptor
        self.reserve = reserve
    }

    deinit {
        close()
    }

    package func synchronize() throws(DiskError) {
        try systemCall(path, "fsync") { fsync(descriptor) }
    }

    package func close() {
        closeDescriptor(&descriptor, reserve)
    }

    /// Names in the directory, in the order of the file system; the directory is closed.
    func takeNames() throws(DiskError) -> [[UInt8]] {
        defer { reserve?.refill() }
        guard let stream = fdopendir(descriptor) else {
            throw DiskError(errno, path: path, operation: "opendir")
        }
        descriptor = -1
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
        }
        let failure = errno
        if failure != 0 { throw DiskError(failure, path: path, operation: "readdir") }
        return names
    }
}

/// Closes a descriptor unless it is closed, and marks it as closed.
func closeDescriptor(_ descriptor: inout Int32, _ reserve: DescriptorReserve?) {
    guard descriptor >= 0 else { return }
    defer { descriptor = -1 }
    // After a failed close the descriptor's state is unknown; Linux always releases it. Relevant
    // data was made durable by `synchronize` before.
    if let reserve { reserve.close(descriptor) } else { _ = Glibc.close(descriptor) }
}
