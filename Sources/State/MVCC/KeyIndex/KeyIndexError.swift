import Glibc

/// Why the key index cannot hold more. Nothing was changed.
package enum KeyIndexError: Error, Equatable, Sendable {
    /// The system refused to reserve address space, with this `errno`.
    case noAddressSpace(sizeBytes: Int, errorNumber: Int32)
    /// This reservation has no sufficient space left.
    case full(reservedBytes: Int)
    /// The system refused memory within this reservation.
    case refused(usableBytes: Int)
}

extension KeyIndexError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noAddressSpace(let size, let number):
            "cannot reserve \(size) bytes of address space for the key index: "
                + "\(String(cString: strerror(number))); a limit on address space (ulimit -v) or "
                + "strict overcommitment (vm.overcommit_memory) may be the reason"
        case .full(let reserved):
            "the key index is full: \(reserved) bytes of address space are reserved for it"
        case .refused(let usable):
            "the system refuses the key index more than \(usable) bytes of memory; strict "
                + "overcommitment (vm.overcommit_memory) or a limit on data (ulimit -d) may be the "
                + "reason"
        }
    }
}
