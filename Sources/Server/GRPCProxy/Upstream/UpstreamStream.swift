import EtcdClient
import GRPC
import NIOCore

/// A streaming call to a member, opened once there is a connection.
final class UpstreamStream: @unchecked Sendable {  // used on the proxy's event loop only
    private var call: GRPCClientCall?
    private(set) var isCancelled = false

    /// Opens a stream and sends its first message. The handler's `closed` is called once the stream
    /// exists; `failed` is called if it cannot be opened.
    ///
    /// - Parameter waits: whether to wait for a connection although no endpoint can be reached.
    static func open(
        _ path: String, _ message: [UInt8], _ identity: CallerIdentity, on upstream: Upstream,
        waits: Bool, isHalfClosed: Bool, handler: any GRPCClientCallHandler,
        failed: @escaping (GRPCStatus) -> Void
    ) -> UpstreamStream {
        let stream = UpstreamStream()
        let begin: (Result<RelayConnection, GRPCStatus>) -> Void = { result in
            guard !stream.isCancelled else { return }
            switch result {
            case .failure(let status): failed(status)
            case .success(let relay):
                let call = relay.connection.openCall(
                    path: path, metadata: identity.metadata, handler: handler)
                stream.call = call
                call.send(message)
                if isHalfClosed { call.halfClose() }
            }
        }
        if waits {
            upstream.wait(avoiding: nil, begin)
        } else {
            upstream.connection(avoiding: nil, begin)
        }
        return stream
    }

    /// Ends the stream. Its handler is called with `canceled` if it has begun.
    func cancel() {
        isCancelled = true
        call?.cancel()
        call = nil
    }

    func pauseReceiving() { call?.pauseReceiving() }
    func resumeReceiving() { call?.resumeReceiving() }
}
