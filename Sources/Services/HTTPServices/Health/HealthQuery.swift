import EtcdAPI
import HTTP2
import MonotonicClock
import NIOCore

/// Queries a health source from an event loop, with a timeout.
struct HealthQuery: Sendable {
    let source: any HealthSource
    let eventLoop: any EventLoop
    let timeout: TimeSpan

    /// The health report of the applied state; nil on timeout.
    func report() -> EventLoopFuture<HealthReport?> {
        limited(nil) { completion in source.report { completion($0) } }
    }

    /// The error of a read; etcd's timeout error on timeout.
    func read(isLinearizable: Bool) -> EventLoopFuture<EtcdError?> {
        limited(EtcdError.timeout) { completion in
            source.read(isLinearizable: isLinearizable) { completion($0) }
        }
    }

    /// Completes with the result of `query`, or with `timeoutValue` on timeout.
    private func limited<Value: Sendable>(
        _ timeoutValue: Value, _ query: (@escaping @Sendable (Value) -> Void) -> Void
    ) -> EventLoopFuture<Value> {
        eventLoop.preconditionInEventLoop()
        let race = NIOLoopBound(
            Race(promise: eventLoop.makePromise(of: Value.self)), eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            race.value.complete(timeoutValue)
        }
        let eventLoop = self.eventLoop
        query { value in
            eventLoop.execute {
                timer.cancel()
                race.value.complete(value)
            }
        }
        return race.value.future
    }

    /// A promise that only the first completion fulfills. Owned by the event loop.
    private final class Race<Value: Sendable> {
        private var promise: EventLoopPromise<Value>?
        let future: EventLoopFuture<Value>

        init(promise: EventLoopPromise<Value>) {
            self.promise = promise
            future = promise.futureResult
        }

        func complete(_ value: Value) {
            promise?.succeed(value)
            promise = nil
        }
    }
}
