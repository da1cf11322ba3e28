import Glibc

/// A range of address space that is backed by memory on first access and never moves.
///
/// Pages read as zero until written, and again after `discard`.
final class ReservedMemory {
    /// The minimum reservation for a request of more.
    private static let sizeBytesMin = 1 << 30
    /// Granularity of `discard`.
    static let granuleBytes = 4096

    /// Start of the range.
    let base: UnsafeMutableRawPointer
    /// Length of the range.
    let sizeBytes: Int

    /// Reserves `sizeBytes`. Where the system limits address space, the size is halved until it
    /// succeeds (see `sizeBytes`), and then only half of that is taken: other users need address
    /// space too.
    init(sizeBytes: Int) throws(KeyIndexError) {
        precondition(sizeBytes > 0, "a reservation has a size")
        let least = min(sizeBytes, Self.sizeBytesMin)
        var size = sizeBytes
        var address = Self.reserve(size)
        while address == nil, size / 2 >= least {
            size /= 2
            address = Self.reserve(size)
            guard let refused = address else { continue }
            munmap(refused, size)
            size /= 2
            address = size >= least ? Self.reserve(size) : nil
            break
        }
        guard let address else { throw .noAddressSpace(sizeBytes: least, errorNumber: errno) }
        base = address
        self.sizeBytes = size
    }

    private static func reserve(_ sizeBytes: Int) -> UnsafeMutableRawPointer? {
        let address = mmap(
            nil, sizeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0)
        return address == MAP_FAILED ? nil : address
    }

    deinit {
        munmap(base, sizeBytes)
    }

    /// Returns the memory of a range to the system; it reads as zero afterwards.
    ///
    /// Both bounds are multiples of 4096. A failure only means that the memory stays.
    func discard(offset: Int, sizeBytes count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= sizeBytes - count, "range is reserved")
        precondition((offset | count) % Self.granuleBytes == 0, "whole pages are discarded")
        guard count > 0 else { return }
        _ = madvise(base + offset, count, MADV_DONTNEED)
    }
}
