import Glibc

/// A range of address space that is backed by memory on first access and never moves.
///
/// It is reserved without access, so that it counts neither against the system's commit limit
/// (vm.overcommit_memory=2) nor against RLIMIT_DATA. The usable part grows with its user, in steps,
/// and only that part counts. Usable pages read as zero until written, and again after `discard`.
///
/// Invariant: `usableBytes` are readable and writable from the start on.
final class ReservedMemory {
    /// The minimum reservation for a request of more.
    private static let sizeBytesMin = 16 << 20
    /// By how much the usable part grows.
    private static let stepBytes = 16 << 20
    /// How much is still usable when it grows. If the system refuses, this much is left for
    /// operations that free space; the system's last bytes are left to the heap.
    private static let headroomBytes = 4 << 20
    /// Granularity of `discard`.
    static let granuleBytes = 4096

    /// Start of the range.
    let base: UnsafeMutableRawPointer
    /// Length of the range.
    let sizeBytes: Int
    /// Length of the part that may be used so far.
    private(set) var usableBytes = 0
    /// Up to here the usable part need not grow.
    private(set) var ampleBytes = 0
    /// Whether the system has refused to let the usable part grow.
    private var isRefused = false

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
            size = max(size / 2, least)
            address = Self.reserve(size)
            break
        }
        guard let address else { throw .noAddressSpace(sizeBytes: least, errorNumber: errno) }
        base = address
        self.sizeBytes = size
        guard makeUsable(min(size, Self.stepBytes)) else {
            throw .noAddressSpace(sizeBytes: Self.stepBytes, errorNumber: errno)
        }
    }

    private static func reserve(_ sizeBytes: Int) -> UnsafeMutableRawPointer? {
        let address = mmap(
            nil, sizeBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        return address == MAP_FAILED ? nil : address
    }

    deinit {
        munmap(base, sizeBytes)
    }

    /// Whether the first `count` bytes may be used; lets the usable part grow in time.
    ///
    /// - Returns: false at the end of the reservation, or when the system refuses.
    @inline(__always)
    func makeUsable(_ count: Int) -> Bool {
        count <= ampleBytes || grow(for: count)
    }

    @inline(never)
    private func grow(for count: Int) -> Bool {
        guard count <= sizeBytes else { return false }
        let steps = (count + Self.headroomBytes) / Self.stepBytes + 1
        isRefused = !extend(to: min(steps * Self.stepBytes, sizeBytes))
        return count <= usableBytes
    }

    private func extend(to end: Int) -> Bool {
        guard end > usableBytes else { return true }
        guard mprotect(base + usableBytes, end - usableBytes, PROT_READ | PROT_WRITE) == 0
        else { return false }
        usableBytes = end
        ampleBytes = end == sizeBytes ? end : end - Self.headroomBytes
        return true
    }

    /// Whether the usable part cannot grow although the reservation is larger; the system is asked
    /// again.
    var isStarved: Bool {
        guard isRefused else { return false }
        isRefused = !extend(to: min(usableBytes + Self.stepBytes, sizeBytes))
        return isRefused
    }

    /// Why nothing more can be used of the reservation, of which the user uses this much.
    func shortage(of reservedBytes: Int) -> KeyIndexError {
        isRefused ? .refused(usableBytes: usableBytes) : .full(reservedBytes: reservedBytes)
    }

    /// Returns the memory of a range to the system; it reads as zero afterwards.
    ///
    /// Both bounds are multiples of 4096. A failure only means that the memory stays.
    func discard(offset: Int, sizeBytes count: Int) {
        precondition(offset >= 0 && count >= 0 && offset <= usableBytes - count, "range is usable")
        precondition((offset | count) % Self.granuleBytes == 0, "whole pages are discarded")
        guard count > 0 else { return }
        _ = madvise(base + offset, count, MADV_DONTNEED)
    }
}
