internal import CoreMetrics
internal import MVCC
internal import NIOConcurrencyHelpers

/// Deliveries on their way from the hub to a stream's event loop.
///
/// Bounded by responses and by bytes; a full queue takes nothing, and the hub then keeps the
/// watchers concerned as cursors into history.
final class WatchQueue: WatchSink {
    /// Responses that wait at most, as in etcd's stream channel.
    static let responsesMax = 1024
    /// Bytes of events that wait at most, beside what the connection holds; those that several
    /// watchers share count once.
    static let bytesMax = 4 << 20

    private struct State {
        var waiting: [WatchDelivery] = []
        var waitingResponses = 0
        var waitingBytes = 0
        var waitingEvents = 0
        var isBlocked = false
        var isWakeUpScheduled = false
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = NIOLockedValueBox(State())
    /// Shows how many events wait in all queues.
    private let pending: Meter?

    init(pending: Meter? = nil) { self.pending = pending }

    /// Sets what tells the event loop that something waits.
    func wakes(_ wake: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.wake = wake }
    }

    var hasRoom: Bool {
        state.withLockedValue { Self.hasRoom($0) }
    }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        let (isTaken, wake) = state.withLockedValue { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (true, nil) }
            guard Self.hasRoom(state) else {
                state.isBlocked = true
                return (false, nil)
            }
            state.waiting.append(contentsOf: deliveries)
            var events = 0
            for delivery in deliveries {
                state.waitingResponses += delivery.watcherCount
                state.waitingBytes += Self.sizeBytes(delivery)
                events += delivery.eventCount
            }
            count(events, &state)
            guard !state.isWakeUpScheduled else { return (true, nil) }
            state.isWakeUpScheduled = true
            return (true, state.wake)
        }
        wake?()
        return isTaken
    }

    /// Takes everything that waits.
    func take() -> [WatchDelivery] {
        state.withLockedValue { state in
            state.isWakeUpScheduled = false
            state.waitingResponses = 0
            state.waitingBytes = 0
            count(-state.waitingEvents, &state)
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    private func count(_ events: Int, _ state: inout State) {
        guard events != 0 else { return }
        state.waitingEvents += events
        pending?.increment(by: Double(events))
    }

    /// Whether somebody was turned away before and would be taken now. While the client does not
    /// read, what waits stays and nobody is called back.
    func becameRoomy(isWritable: Bool) -> Bool {
        state.withLockedValue { state in
            if !isWritable { state.isWakeUpScheduled = false }
            guard state.isBlocked, isWritable, Self.hasRoom(state) else { return false }
            state.isBlocked = false
            return true
        }
    }

    func close() {
        state.withLockedValue { state in
            state.isClosed = true
            count(-state.waitingEvents, &state)
            state.waiting = []
            state.wake = nil
        }
    }

    private static func hasRoom(_ state: State) -> Bool {
        !state.isClosed && state.waitingResponses < responsesMax
            && state.waitingBytes < bytesMax
    }

    private static func sizeBytes(_ delivery: WatchDelivery) -> Int {
        guard case .changes(let changes) = delivery.content else { return 0 }
        return changes.reduce(0) { size, change in
            size + change.sizeBytes(withPrevious: delivery.wantsPrevious)
        }
    }
}

extension WatchDelivery {
    /// Events in it, each as often as there are watchers that are told of it.
    var eventCount: Int {
        if case .changes(let changes) = content { watcherCount * changes.count } else { 0 }
    }
}
