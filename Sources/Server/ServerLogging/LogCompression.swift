import Glibc
import Gzip
import NIOPosix
import Synchronization

/// Compresses rotated log files in the background, one at a time.
final class LogCompression: Sendable {
    private static let pieceBytes = 256 << 10

    /// Held during a compression, so that only one runs at a time.
    private let compressionLock = Mutex<Void>(())

    /// Compresses these files in the background; each is replaced by one with the suffix `.gz`.
    func compressLater(_ paths: [String]) {
        guard !paths.isEmpty else { return }
        NIOThreadPool.singleton.submit { [self] _ in
            compressionLock.withLock { _ in
                for path in paths { Self.compress(path) }
            }
        }
    }

    /// A file that cannot be compressed is kept as it is.
    static func compress(_ path: String) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { return }
        defer { close(source) }
        let target = open(path + ".gz", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard target >= 0 else { return }
        let isWhole = copy(source, to: target)
        if close(target) == 0, isWhole {
            unlink(path)
        } else {
            unlink(path + ".gz")
        }
    }

    private static func copy(_ source: Int32, to target: Int32) -> Bool {
        guard let compressor = GzipCompressor() else { return false }
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        var output: [UInt8] = []
        while true {
            let count = read(source, &piece, pieceBytes)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            if count == 0 { break }
            piece.withUnsafeBytes { bytes in
                compressor.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]), to: &output)
            }
            guard writeAll(output, to: target) else { return false }
            output.removeAll(keepingCapacity: true)
        }
        compressor.finish(into: &output)
        return writeAll(output, to: target)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = write(
                    descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
