internal import Glibc

/// Repeats a system call while it is interrupted by a signal, and converts its failure to a
/// `DiskError`.
///
/// - Parameters:
///   - path: The file or directory the call is about.
///   - operation: The call's name, as it appears in the error.
///   - body: The call; a negative result means that `errno` is set.
/// - Returns: The call's result, which is not negative.
@discardableResult
@inline(__always)
func systemCall<Result: SignedInteger>(
    _ path: String, _ operation: String, _ body: () -> Result
) throws(DiskError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = errno
        if number == EINTR { continue }
        throw DiskError(number, path: path, operation: operation)
    }
}

extension DiskError {
    /// Maps the errors that callers distinguish; keeps the number of all others.
    init(_ number: Int32, path: String, operation: String) {
        switch number {
        case ENOENT: self = .notFound(path: path)
        case EEXIST: self = .alreadyExists(path: path)
        case ENOSPC, EDQUOT: self = .full(path: path, operation: operation)
        default: self = .system(path: path, operation: operation, errno: number)
        }
    }
}
