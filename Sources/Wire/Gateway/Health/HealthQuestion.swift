import EtcdAPI
import NIOCore

/// Asks a health source on behalf of one event loop, and gives up after a time.
struct HealthQuestion: Sendable {
    let source: any HealthSource
    let eventLoop: any EventLoop
    let timeoutMilliseconds: Int64

    /// What the applied state says; nil when it did not answer in time.
    func report() -> EventLoopFuture<HealthReport?> {
        limited(nil) { answer in source.report { answer($0) } }
    }

    /// The error of a read; etcd's time-out when it did not answer in time.
    func read(isLinearizable: Bool) -> EventLoopFuture<EtcdError?> {
        limited(EtcdError.timeout) { answer in
            source.read(isLinearizable: isLinearizable) { answer($0) }
        }
    }

    /// Completes with whichever is first, the answer or the end of the time.
    private func limited<Value: Sendable>(
        _ late: Value, _ ask: (@escaping @Sendable (Value) -> Void) -> Void
    ) -> EventLoopFuture<Value> {
        eventLoop.preconditionInEventLoop()
        let race = NIOLoopBound(
            Race(promise: eventLoop.makePromise(of: Value.self)), eventLoop: eventLoop)
        let timer = eventLoop.scheduleTask(in: .milliseconds(timeoutMilliseconds)) {
            race.value.complete(late)
        }
        let eventLoop = self.eventLoop
        ask { answer in
            eventLoop.execute {
                timer.cancel()
                race.value.complete(answer)
            }
        }
        return race.value.future
    }

    /// A promise that only the first completion reaches. Owned by the event loop.
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
