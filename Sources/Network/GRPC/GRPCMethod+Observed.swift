/// Which way a message goes.
package enum GRPCMessageDirection: Sendable {
    case received, sent
}

extension GRPCMethod {
    package typealias ObserveMessage =
        @Sendable (GRPCServerCall, GRPCMessageDirection, [UInt8]) -> Void

    /// The same method, whose messages are observed: requests before they are served, responses as
    /// they are sent, except for those that are written in place.
    package func observed(_ observe: @escaping ObserveMessage) -> GRPCMethod {
        switch implementation {
        case .unary(let serve):
            GRPCMethod(path: path) { call, message in
                observe(call, .received, message)
                call.observeSent(observe)
                serve(call, message)
            }
        case .streaming(let open):
            GRPCMethod(path: path, kind: kind) { call in
                call.observeSent(observe)
                return ObservedHandler(open(call), observe)
            }
        }
    }
}

extension GRPCServerCall {
    fileprivate func observeSent(_ observe: @escaping GRPCMethod.ObserveMessage) {
        onSend = { [unowned self] message in observe(self, .sent, message) }
    }
}

/// The handler of a call whose requests are observed.
private final class ObservedHandler: GRPCCallHandler {
    private let handler: any GRPCCallHandler
    private let observe: GRPCMethod.ObserveMessage

    init(_ handler: any GRPCCallHandler, _ observe: @escaping GRPCMethod.ObserveMessage) {
        self.handler = handler
        self.observe = observe
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        observe(call, .received, message)
        handler.receive(message, on: call)
    }

    func receiveHalfClose(on call: GRPCServerCall) { handler.receiveHalfClose(on: call) }
    func becameWritable(_ call: GRPCServerCall) { handler.becameWritable(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        handler.closed(call, reason: reason)
    }
}
