internal import CoreMetrics
internal import MVCC
internal import NIOConcurrencyHelpers

/// Deliveries from the watch dispatcher to a stream's event loop.
///
/// Bounded by responses and by bytes. A full queue refuses deliveries; the dispatcher then keeps
/// the watchers concerned as unsynced.
final class WatchQueue: WatchReceiver {
    /// Maximum number of pending responses, as in etcd's stream channel.
    static let responsesMax = 1024
    /// Maximum pending bytes of events, in addition to the connection's buffers; events shared by
    /// several watchers count once.
    static let bytesMax = 4 << 20

    private struct State {
        var pending: [WatchDelivery] = []
        var pendingResponses = 0
        var pendingBytes = 0
        var pendingEvents = 0
        var isBlocked = false
        var isWakeUpScheduled = false
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = NIOLockedValueBox(State())
    /// The metric of pending events in all queues.
    private let pendingMeter: Meter?

    init(pendingMeter: Meter? = nil) { self.pendingMeter = pendingMeter }

    /// Sets the callback that wakes the event loop when there are pending deliveries.
    func setWakeUp(_ wake: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.wake = wake }
    }

    var hasCapacity: Bool {
        state.withLockedValue { Self.hasCapacity($0) }
    }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        let (isAccepted, wake) = state.withLockedValue { state -> (Bool, (@Sendable () -> Void)?) in
            guard !state.isClosed else { return (true, nil) }
            guard Self.hasCapacity(state) else {
                state.isBlocked = true
                return (false, nil)
            }
            state.pending.append(contentsOf: deliveries)
            var events = 0
            for delivery in deliveries {
                state.pendingResponses += delivery.watcherCount
                state.pendingBytes += Self.sizeBytes(delivery)
                events += delivery.eventCount
            }
            count(events, &state)
            guard !state.isWakeUpScheduled else { return (true, nil) }
            state.isWakeUpScheduled = true
            return (true, state.wake)
        }
        wake?()
        return isAccepted
    }

    /// Removes and returns all pending deliveries.
    func take() -> [WatchDelivery] {
        state.withLockedValue { state in
            state.isWakeUpScheduled = false
            state.pendingResponses = 0
            state.pendingBytes = 0
            count(-state.pendingEvents, &state)
            defer { state.pending = [] }
            return state.pending
        }
    }

    private func count(_ events: Int, _ state: inout State) {
        guard events != 0 else { return }
        state.pendingEvents += events
        pendingMeter?.increment(by: Double(events))
    }

    /// Whether a delivery was refused before and the queue has capacity again. Returns false while
    /// the client does not read.
    func becameWritable(isWritable: Bool) -> Bool {
        state.withLockedValue { state in
            if !isWritable { state.isWakeUpScheduled = false }
            guard state.isBlocked, isWritable, Self.hasCapacity(state) else { return false }
            state.isBlocked = false
            return true
        }
    }

    func close() {
        state.withLockedValue { state in
            state.isClosed = true
            count(-state.pendingEvents, &state)
            state.pending = []
            state.wake = nil
        }
    }

    private static func hasCapacity(_ state: State) -> Bool {
        !state.isClosed && state.pendingResponses < responsesMax
            && state.pendingBytes < bytesMax
    }

    private static func sizeBytes(_ delivery: WatchDelivery) -> Int {
        guard case .changes(let changes) = delivery.content else { return 0 }
        return changes.reduce(0) { size, change in
            size + change.sizeBytes(withPrevious: delivery.wantsPrevious)
        }
    }
}

extension WatchDelivery {
    /// The number of events, counted once per watcher.
    var eventCount: Int {
        if case .changes(let changes) = content { watcherCount * changes.count } else { 0 }
    }
}
