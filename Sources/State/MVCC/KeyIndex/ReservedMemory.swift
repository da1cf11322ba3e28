import Glibc

/// A range of address space that gets memory as it is touched and never moves.
///
/// Pages read as zero until written, and again after `discard`.
final class ReservedMemory {
    /// Least reservation tried before giving up.
    private static let sizeBytesMin = 64 << 20
    /// Granularity of `discard`.
    static let granuleBytes = 4096

    /// Start of the range.
    let base: UnsafeMutableRawPointer
    /// Length of the range.
    let sizeBytes: Int

    /// Reserves about `sizeBytes`; less where the system limits address space.
    init(sizeBytes: Int) {
        precondition(sizeBytes > 0, "a reservation has a size")
        var size = max(sizeBytes, Self.sizeBytesMin)
        while true {
            let address = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0)
            if let address, address != MAP_FAILED {
                base = address
                self.sizeBytes = size
                return
            }
            size /= 2
            precondition(size >= Self.sizeBytesMin, "address space for the key index is available")
        }
    }

    deinit {
        munmap(base, sizeBytes)
    }

    /// Gives the memory behind a range back to the system; it reads as zero afterwards.
    ///
    /// Both bounds are multiples of 4096. A refusal only means that the memory stays.
    func discard(offset: Int, sizeBytes count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= sizeBytes - count, "range is reserved")
        precondition((offset | count) % Self.granuleBytes == 0, "whole pages are discarded")
        guard count > 0 else { return }
        _ = madvise(base + offset, count, MADV_DONTNEED)
    }
}
