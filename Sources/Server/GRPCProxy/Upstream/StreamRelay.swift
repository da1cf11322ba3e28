import GRPC

/// A call with one request and a stream of responses, passed through. A client that does not read
/// holds back the member.
final class StreamRelay: GRPCCallHandler, GRPCClientCallHandler {
    private let path: String
    private let upstream: Upstream
    private var call: GRPCServerCall?
    private var stream: UpstreamStream?
    private var isPaused = false

    init(path: String, upstream: Upstream) {
        self.path = path
        self.upstream = upstream
    }

    // MARK: - The client

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        self.call = call
        stream = UpstreamStream.open(
            path, message, CallerIdentity(call), on: upstream, waits: false, isHalfClosed: true,
            handler: self
        ) { call.finish($0) }
    }

    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) {
        guard isPaused else { return }
        isPaused = false
        stream?.resumeReceiving()
    }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        self.call = nil
        stream?.cancel()
        stream = nil
    }

    // MARK: - The member

    func receive(_ message: [UInt8], on stream: GRPCClientCall) {
        guard let call else { return }
        call.send(message)
        guard !call.isWritable, !isPaused else { return }
        isPaused = true
        stream.pauseReceiving()
    }

    func closed(_ stream: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        self.stream = nil
        call?.finish(status)
    }
}
