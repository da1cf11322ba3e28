import Glibc
import Synchronization

/// A log file that is rotated at its size limit.
///
/// A rotated file is named after the time of the rotation: `etcd-2026-11-22T12-42-19.090.log`.
/// Rotated files beyond the limits of number and age are removed, and the others compressed if
/// configured. If a new file cannot be opened, the old one grows beyond the limit: no line is lost.
package final class RotatingFileOutput: LogOutput {
    private struct State {
        var descriptor: Int32
        var lines: LineDescriptor
        var sizeBytes: Int

        init(descriptor: Int32, sizeBytes: Int) {
            self.descriptor = descriptor
            lines = LineDescriptor(descriptor)
            self.sizeBytes = sizeBytes
        }
    }

    private let path: String
    private let rotation: LogRotation
    private let state: Mutex<State>
    private let compression = LogCompression()

    package init(path: String, rotation: LogRotation) throws(LogOutputError) {
        self.path = path
        self.rotation = rotation
        let descriptor = try DescriptorOutput.open(path)
        let size = lseek(descriptor, 0, SEEK_END)
        state = Mutex(State(descriptor: descriptor, sizeBytes: max(0, Int(size))))
    }

    deinit {
        state.withLock { _ = close($0.descriptor) }
    }

    package func write(_ bytes: [UInt8], of line: LogLine) -> Bool { write(bytes) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            if state.sizeBytes > 0, state.sizeBytes + bytes.count > rotation.sizeBytesMax {
                rotate(&state)
            }
            guard state.lines.write(bytes) else { return false }
            state.sizeBytes += bytes.count
            return true
        }
    }

    private func rotate(_ state: inout State) {
        let backup = backupPath(atMicroseconds: LogTimestamp.now())
        guard rename(path, backup) == 0 else { return }
        guard let descriptor = try? DescriptorOutput.open(path) else {
            // The next line tries again; until then the file keeps its name.
            rename(backup, path)
            return
        }
        close(state.descriptor)
        state = State(descriptor: descriptor, sizeBytes: 0)
        let kept = removeOldFiles()
        if rotation.compresses {
            compression.compressLater(kept.filter { !$0.hasSuffix(Self.compressedSuffix) })
        }
    }

    private static let compressedSuffix = ".gz"

    /// The directory, the name without extension and the extension with its dot.
    private var parts: (directory: String, stem: String, suffix: String) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[...$0]) } ?? "./"
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        guard let dot = name.lastIndex(of: ".") else { return (directory, String(name), "") }
        return (directory, String(name[..<dot]), String(name[dot...]))
    }

    private func backupPath(atMicroseconds time: Int64) -> String {
        var seconds = time_t(time / 1_000_000)
        var calendar = tm()
        if rotation.usesLocalTime {
            localtime_r(&seconds, &calendar)
        } else {
            gmtime_r(&seconds, &calendar)
        }
        let digits: [(Int32, Int)] = [
            (calendar.tm_year + 1_900, 4), (calendar.tm_mon + 1, 2), (calendar.tm_mday, 2),
            (calendar.tm_hour, 2), (calendar.tm_min, 2), (calendar.tm_sec, 2),
            (Int32(time / 1_000 % 1_000), 3),
        ]
        let padded = digits.map { value, width in
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let (directory, stem, suffix) = parts
        let day = padded[0...2].joined(separator: "-")
        let hour = padded[3...5].joined(separator: "-")
        return "\(directory)\(stem)-\(day)T\(hour).\(padded[6])\(suffix)"
    }

    /// Removes the oldest rotated files, by number and by age.
    ///
    /// - Returns: the paths of the remaining ones.
    private func removeOldFiles() -> [String] {
        let (directory, stem, suffix) = parts
        let length = stem.utf8.count + suffix.utf8.count + "-2006-01-02T15-04-05.000".utf8.count
        let names = Self.names(in: directory)
            .filter { name in
                let isCompressed = name.hasSuffix(Self.compressedSuffix)
                let plain = name.dropLast(isCompressed ? Self.compressedSuffix.utf8.count : 0)
                return plain.utf8.count == length && plain.hasPrefix(stem + "-")
                    && plain.hasSuffix(suffix)
            }
            .sorted(by: >)
        let age = Int64(clamping: rotation.ageDaysMax) &* 86_400_000_000
        let oldest = backupPath(atMicroseconds: LogTimestamp.now() - age)
        var kept: [String] = []
        for (index, name) in names.enumerated() {
            let isSurplus = rotation.filesMax > 0 && index >= rotation.filesMax
            let isAged = rotation.ageDaysMax > 0 && directory + name < oldest
            if isSurplus || isAged {
                unlink(directory + name)
            } else {
                kept.append(directory + name)
            }
        }
        return kept
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
