import Glibc

/// Writes whole lines to a descriptor.
///
/// A line of which only a part could be written, because the disk is full, is ended before the next
/// line, so that only this one is unreadable.
struct LineDescriptor {
    private let descriptor: Int32
    private var endsInsideLine = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes a line with its line feed; waits while the descriptor takes nothing.
    ///
    /// - Returns: false if it is not written, or only a part of it.
    mutating func write(_ line: [UInt8]) -> Bool {
        if endsInsideLine {
            guard writeBytes([0x0A]) == 1 else { return false }
            endsInsideLine = false
        }
        let count = writeBytes(line)
        endsInsideLine = count > 0 && count < line.count
        return count == line.count
    }

    /// Returns how many of the bytes are written.
    private func writeBytes(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(
                    descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count > 0 {
                    done += count
                } else if count == 0 {
                    break
                } else if errno == EAGAIN {
                    waitUntilWritable()
                } else if errno != EINTR {
                    break
                }
            }
            return done
        }
    }

    /// The parent process may have made the pipe or terminal non-blocking.
    private func waitUntilWritable() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&request, 1, -1)
    }
}
