package import Disk
internal import EtcdAPI
package import Identifiers

extension WriteAheadLog {
    /// Unlocks the segments that only contain entries before `index`, so that `purge` may remove
    /// them. The segment with the entry before `index` stays.
    package func releaseSegments(upTo index: LogIndex) {
        let firstAtOrAfter = segments.firstIndex { $0.name.firstIndex >= index }
        let kept = (firstAtOrAfter ?? segments.count) - 1
        if kept <= 0 { return }
        for segment in segments[..<kept] { segment.file.close() }
        segments.removeFirst(kept)
    }

    /// Removes the oldest segments until `maximum` are left, but no locked one.
    ///
    /// - Parameter maximum: etcd's `max-wals`; 0 keeps all.
    /// - Returns: The names of the removed segments, oldest first.
    @discardableResult
    package func purge(keeping maximum: Int) throws(LogError) -> [String] {
        try Self.purge(disk: disk, directory: directory, keeping: maximum)
    }

    /// Like the method of the same name; for any thread, since the locks mark what is in use.
    @discardableResult
    package static func purge(
        disk: any Disk, directory: String, keeping maximum: Int
    ) throws(LogError) -> [String] {
        precondition(maximum >= 0, "a number of segments to keep is not negative")
        if maximum == 0 { return [] }
        return try onDisk { () throws(DiskError) in
            var removed: [String] = []
            for name in try SegmentName.all(on: disk, in: directory).dropLast(maximum) {
                let path = directory + "/" + name.text
                let file = try disk.open(path, .readWrite)
                defer { file.close() }
                do throws(DiskError) {
                    try file.lock()
                } catch {
                    if case .locked = error { break }
                    throw error
                }
                try disk.remove(path)
                removed.append(name.text)
            }
            return removed
        }
    }
}
