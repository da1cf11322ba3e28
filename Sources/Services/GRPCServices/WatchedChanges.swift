internal import EtcdAPI
internal import Identifiers
internal import MVCC
internal import MemberRuntime
internal import NIOConcurrencyHelpers

/// The changes of a range for a task of the server, one after the other.
///
/// Changes that the task has not taken are bounded: beyond, the watcher reads the history later.
struct WatchedChanges: AsyncSequence, Sendable {
    typealias Element = WatchedChange

    private let changes: AsyncThrowingStream<WatchedChange, any Error>
    private let receiver: ChangeReceiver
    private let runtime: MemberRuntime

    init(key: [UInt8], end: [UInt8], from revision: Revision, _ runtime: MemberRuntime) {
        let watchers = runtime.watchers
        let (changes, continuation) = AsyncThrowingStream<WatchedChange, any Error>.makeStream()
        self.changes = changes
        self.runtime = runtime
        receiver = ChangeReceiver(continuation)
        let stream = watchers.openStream(receiver)
        continuation.onTermination = { _ in watchers.close(stream) }
        let configuration = WatcherConfiguration(key: key, end: end, startRevision: revision)
        _ = watchers.register(configuration, id: nil, on: stream)
        runtime.wakeWatchers()
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var changes: AsyncThrowingStream<WatchedChange, any Error>.Iterator
        fileprivate let receiver: ChangeReceiver
        fileprivate let runtime: MemberRuntime

        mutating func next() async throws -> WatchedChange? {
            let change = try await changes.next()
            if change != nil, receiver.took() { runtime.wakeWatchers() }
            return change
        }
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(
            changes: changes.makeAsyncIterator(), receiver: receiver, runtime: runtime)
    }
}

/// Passes deliveries to an asynchronous sequence.
private final class ChangeReceiver: WatchReceiver {
    /// Changes that wait at which no more are received.
    private static let waitingMax = 64

    private struct State {
        var waiting = 0
        var isBlocked = false
    }

    private let continuation: AsyncThrowingStream<WatchedChange, any Error>.Continuation
    private let state = NIOLockedValueBox(State())

    init(_ continuation: AsyncThrowingStream<WatchedChange, any Error>.Continuation) {
        self.continuation = continuation
    }

    /// A dispatcher that finds no capacity delivers nothing, and is woken once there is.
    var hasCapacity: Bool {
        state.withLockedValue { state in
            guard state.waiting >= Self.waitingMax else { return true }
            state.isBlocked = true
            return false
        }
    }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        let isAccepted = state.withLockedValue { state in
            guard state.waiting < Self.waitingMax else {
                state.isBlocked = true
                return false
            }
            for case .changes(let changes) in deliveries.lazy.map(\.content) {
                state.waiting += changes.count
            }
            return true
        }
        guard isAccepted else { return false }
        for delivery in deliveries {
            switch delivery.content {
            case .changes(let changes): for change in changes { continuation.yield(change) }
            case .compacted: continuation.finish(throwing: EtcdError.lostWatcher)
            case .progress: break
            }
        }
        return true
    }

    /// The task took a change. Returns whether a delivery was refused before and all are taken.
    func took() -> Bool {
        state.withLockedValue { state in
            state.waiting -= 1
            guard state.isBlocked, state.waiting == 0 else { return false }
            state.isBlocked = false
            return true
        }
    }
}
