internal import Glibc
internal import Synchronization

/// Descriptors that are kept open so that the files of a member can still be opened when
/// connections have taken all others.
///
/// A file that cannot be opened for want of a descriptor gets one of the reserve; a file that is
/// closed fills the reserve up again. Any thread may use it.
///
/// Invariant: `held` are open descriptors of `/dev/null`, at most `count`.
package final class DescriptorReserve: Sendable {
    private static let path = "/dev/null"

    private let count: Int
    private let held = Mutex<[Int32]>([])

    /// Opens so many descriptors, or fewer when the process has no more.
    package init(count: Int) {
        precondition(count >= 0, "a number of descriptors is not negative")
        self.count = count
        refill()
    }

    deinit {
        held.withLock { held in
            for descriptor in held { _ = Glibc.close(descriptor) }
        }
    }

    /// Descriptors that can be given up.
    package var heldCount: Int { held.withLock { $0.count } }

    /// Whether an error means that the process or the system has no descriptor left.
    static func isShortage(_ number: Int32) -> Bool { number == EMFILE || number == ENFILE }

    /// Closes one descriptor of the reserve, so that a file can be opened instead.
    ///
    /// - Returns: false when the reserve is empty.
    func giveUp() -> Bool {
        held.withLock { held in
            guard let descriptor = held.popLast() else { return false }
            _ = Glibc.close(descriptor)
            return true
        }
    }

    /// Closes a file's descriptor. When the reserve lacks one and none is free, it gets this one,
    /// which is not free in between: a connection could take it.
    func close(_ descriptor: Int32) {
        let isTaken = held.withLock { held in
            guard held.count < count else { return false }
            if let opened = Self.open() {
                held.append(opened)
                return false
            }
            guard let source = held.first, dup2(source, descriptor) == descriptor else {
                return false
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            held.append(descriptor)
            return true
        }
        guard !isTaken else { return }
        // After a failed close the descriptor's state is unknown; Linux always releases it.
        _ = Glibc.close(descriptor)
        refill()
    }

    /// Opens what the reserve lacks, as far as the process has descriptors.
    func refill() {
        held.withLock { held in
            while held.count < count, let descriptor = Self.open() { held.append(descriptor) }
        }
    }

    private static func open() -> Int32? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }
}
