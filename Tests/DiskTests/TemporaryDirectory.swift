import Glibc

/// A directory of its own for one test, removed with everything in it when the test lets go of it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/swift-etcd-disk-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TemporaryDirectoryError(errno: errno) }
        path = String(cString: made)
    }

    deinit {
        remove(path)
    }

    private func remove(_ path: String) {
        if Glibc.remove(path) == 0 { return }
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { remove(path + "/" + name) }
        }
        closedir(stream)
        rmdir(path)
    }
}

struct TemporaryDirectoryError: Error {
    let errno: Int32
}
