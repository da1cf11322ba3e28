internal import Glibc

/// Reads small files as etcd does, with its error texts.
package enum FileContents {
    /// Larger files are no certificates, keys or revocation lists.
    static let bytesMax = 64 << 20

    /// - Throws: `open pki/nofile.crt: no such file or directory`, `read pki: is a directory`.
    package static func read(_ path: String) throws(TLSConfigurationError) -> [UInt8] {
        guard !path.utf8.contains(0) else {
            throw TLSConfigurationError("open \(path): invalid argument")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var length = 0
        while true {
            if length == bytes.count {
                guard length < bytesMax else { throw failure("read", path, EFBIG) }
                bytes.append(contentsOf: repeatElement(0, count: max(4096, length)))
            }
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(
                    descriptor, buffer.baseAddress?.advanced(by: length), buffer.count - length)
            }
            if count < 0 {
                guard errno == EINTR else { throw failure("read", path, errno) }
                continue
            }
            if count == 0 { return Array(bytes.prefix(length)) }
            length += count
        }
    }

    static func failure(_ call: String, _ path: String, _ code: Int32) -> TLSConfigurationError {
        TLSConfigurationError("\(call) \(path): \(SystemErrorText.of(code))")
    }
}

/// The texts of error numbers, which Go writes in lower case.
enum SystemErrorText {
    static func of(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file or directory"
        case EACCES: "permission denied"
        case EISDIR: "is a directory"
        case ENOTDIR: "not a directory"
        case ECONNRESET: "connection reset by peer"
        case EPIPE: "broken pipe"
        case ETIMEDOUT: "connection timed out"
        default: other(code)
        }
    }

    private static func other(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "errno \(code)" }
        let characters = String(cString: text)
        return characters.prefix(1).lowercased() + characters.dropFirst()
    }
}
