internal import GRPC
internal import NIOCore

extension LoadWorker {
    /// Creates the slots of a connection; the future succeeds when they can be used.
    func addSlots(on connection: GRPCClientConnection) -> EventLoopFuture<Void> {
        switch options.command {
        case .notify: return addNotifySlots(on: connection)
        case .keepAlive:
            addSlots { KeepAliveSlot(worker: self, connection: connection, source: source) }
        default:
            let sources = RequestSource.sequence(options)
            addSlots {
                CallSlot(
                    worker: self, connection: connection, sources: sources, number: slots.count)
            }
        }
        return eventLoop.makeSucceededVoidFuture()
    }

    private func addSlots(_ make: () -> any LoadSlot) {
        for _ in 0..<options.streams { slots.append(make()) }
    }

    /// Gives each slot a key that no other slot of any worker has, and a watcher of it.
    private func addNotifySlots(on connection: GRPCClientConnection) -> EventLoopFuture<Void> {
        let writers = (slots.count..<slots.count + options.streams).map { number in
            NotifySlot(
                worker: self, connection: connection, source: source,
                keyNumber: number * options.loops + part)
        }
        slots += writers
        let created = eventLoop.makePromise(of: Void.self)
        // The connection's call retains the stream.
        _ = NotifyStream(
            slots: writers, connection: connection, options: options, created: created)
        return created.futureResult
    }
}
