internal import Glibc

extension DiskFile {
    /// Maps the file read-only with a reservation of `wanted` bytes.
    ///
    /// Where the system limits the address space, less is reserved: half of what it would still
    /// give, since other users need address space too, but at least `least` bytes.
    ///
    /// - Throws: `ENOMEM` when not even `least` bytes can be reserved.
    package func map(
        reservingBytes wanted: Int, atLeast least: Int
    ) throws(DiskError) -> any DiskMapping {
        do {
            return try map(reservingBytes: wanted)
        } catch {
            guard error.isMemoryShortage, least < wanted else { throw error }
        }
        var size = wanted
        while size > least {
            size = max(least, size / 2)
            if canReserve(size) { return try map(reservingBytes: max(least, size / 2)) }
        }
        return try map(reservingBytes: least)
    }

    private func canReserve(_ sizeBytes: Int) -> Bool {
        (try? map(reservingBytes: sizeBytes)) != nil
    }
}

extension DiskError {
    /// Whether the system has refused address space or memory.
    fileprivate var isMemoryShortage: Bool {
        if case .system(_, _, let number) = self { number == ENOMEM } else { false }
    }
}
