import Glibc
import TestSupport

enum FileRemoval {
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 else { throw TestSupportError("unlink: \(errno)") }
    }
}
