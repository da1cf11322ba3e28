import Synchronization

/// The numbers of the writes of a check, shared by its clients.
final class WriteNumbers: Sendable {
    private let next = Atomic<Int>(0)

    /// The next number, from 0 on.
    func take() -> Int { next.add(1, ordering: .relaxed).oldValue }
}
