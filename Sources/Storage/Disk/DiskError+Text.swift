internal import Glibc

/// The system's text for an error number, in lower case as in Go.
package func systemErrorText(_ number: Int32) -> String {
    guard let text = strerror(number) else { return "errno \(number)" }
    return String(cString: text).lowercased()
}

extension DiskError {
    /// Whether the file system does not have such an operation, or the system does not allow it.
    package var isUnsupported: Bool {
        guard case .system(_, _, let number) = self else { return false }
        return [EOPNOTSUPP, ENOSYS, EPERM].contains(number)
    }

    /// Whether a file could not be opened since the process or the system has no descriptor left.
    package var isDescriptorShortage: Bool {
        guard case .system(_, _, let number) = self else { return false }
        return DescriptorReserve.isShortage(number)
    }
}

extension DiskError: CustomStringConvertible {
    /// The operation, the path and the system's text of the error.
    package var description: String {
        switch self {
        case .notFound(let path): "open \(path): \(systemErrorText(ENOENT))"
        case .alreadyExists(let path): "open \(path): \(systemErrorText(EEXIST))"
        case .locked(let path): "lock \(path): another process has it"
        case .full(let path, let operation):
            "\(Self.verb(operation)) \(path): \(systemErrorText(ENOSPC))"
        case .shortWrite(let path, let written, let asked):
            "write \(path): short write of \(written) from \(asked) bytes"
        case .system(let path, "mmap", ENOMEM):
            "mmap \(path): \(systemErrorText(ENOMEM)); a limit on address space (ulimit -v) may be "
                + "the reason"
        case .system(let path, let operation, let number):
            "\(Self.verb(operation)) \(path): \(systemErrorText(number))"
        }
    }

    /// The common name of related system calls.
    private static func verb(_ operation: String) -> String {
        switch operation {
        case "pwrite": "write"
        case "pread": "read"
        case "ftruncate": "truncate"
        case "fallocate", "posix_fallocate": "allocate"
        default: operation
        }
    }
}
