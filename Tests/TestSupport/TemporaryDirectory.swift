import Glibc

/// A directory of this machine's file system for one test, removed with its content at deinit.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/swift-etcd-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw TestSupportError("mkdtemp failed with \(errno)")
        }
        path = String(cString: made)
    }

    deinit {
        removeTree(path)
    }
}

/// Removes a file, or a directory with its content; symbolic links are not followed.
package func removeTree(_ path: String) {
    if remove(path) == 0 { return }
    guard let stream = opendir(path) else { return }
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { removeTree(path + "/" + name) }
    }
    closedir(stream)
    rmdir(path)
}

/// The content of a file.
package func text(ofFile path: String) throws -> String {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw TestSupportError("\(path): open failed with \(errno)") }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw TestSupportError("\(path): read failed with \(errno)") }
        if count == 0 { return String(decoding: content, as: UTF8.self) }
        content += buffer[..<count]
    }
}
