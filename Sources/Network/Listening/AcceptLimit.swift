package import NIOCore
internal import Synchronization

/// The number of connections that several listeners may have open together.
///
/// At the limit the listeners stop accepting: further connections wait in the listen backlog, as in
/// etcd, and use no descriptor of the process.
package final class AcceptLimit: Sendable {
    private struct State {
        var openCount = 0
        /// Resume the listeners that wait for a closed connection.
        var waiting: [@Sendable () -> Void] = []
    }

    package let connectionsMax: Int
    private let state = Mutex(State())

    package init(connectionsMax: Int) {
        self.connectionsMax = max(connectionsMax, 1)
    }

    /// Connections open now.
    package var openCount: Int { state.withLock { $0.openCount } }

    /// Whether another connection may be accepted; if not, `resume` is called once when one may.
    func hasCapacity(orWait resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.openCount < connectionsMax { return true }
            state.waiting.append(resume)
            return false
        }
    }

    func opened() {
        state.withLock { $0.openCount += 1 }
    }

    func closed() {
        let waiting = state.withLock { state in
            state.openCount -= 1
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        for resume in waiting { resume() }
    }
}

/// In a listening channel: accepts only while the limit permits, and counts what it accepts.
package final class AcceptLimitHandler: ChannelDuplexHandler {
    package typealias InboundIn = any Channel
    package typealias InboundOut = any Channel
    package typealias OutboundIn = any Channel
    package typealias OutboundOut = any Channel

    private let limit: AcceptLimit

    package init(_ limit: AcceptLimit) { self.limit = limit }

    package func read(context: ChannelHandlerContext) {
        let channel = context.channel
        // Read from the head of the pipeline again: this handler asks for the capacity once more.
        if limit.hasCapacity(orWait: { channel.read() }) { context.read() }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let accepted = unwrapInboundIn(data)
        limit.opened()
        accepted.closeFuture.whenComplete { [limit] _ in limit.closed() }
        context.fireChannelRead(data)
    }
}
