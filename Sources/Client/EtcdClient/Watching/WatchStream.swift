internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import NIOCore
internal import Synchronization

/// The state of one watch: a gRPC stream of its own, opened again when it is lost.
final class WatchStream: @unchecked Sendable {
    // `@unchecked Sendable`: one task iterates a watch; `current` is what others use.
    private let client: EtcdClient
    private let request: WatchCreateRequest
    private var position: WatchPosition
    private var stream: ClusterCalls.Stream?
    private var isCreated = false
    private var failures = 0
    /// The slot of the stream that was lost last.
    private var avoided: Int?
    /// Ends a stream on which the watch is not created in time.
    private var timer: Scheduled<Void>?
    private let current = Mutex<GRPCClientStream?>(nil)

    init(client: EtcdClient, keys: KeyRange, options: WatchOptions) {
        self.client = client
        request = WatchCreateRequest(keys, options, client.prefix)
        position = WatchPosition(options.revision)
    }

    deinit {
        cancel()
    }

    /// Ends the stream.
    func cancel() {
        timer?.cancel()
        current.withLock { $0 }?.cancel()
    }

    func requestProgress() {
        current.withLock { $0 }?.send(WatchRequest.progress.encoded())
    }

    /// Waits until the server has created the watch, within the timeout of calls.
    func create() async throws(EtcdClientError) {
        let deadline = CallDeadline(after: client.cluster.configuration.timeout)
        while !isCreated {
            do throws(EtcdClientError) {
                _ = try await receive()
            } catch {
                guard deadline.remaining > .zero else { throw error }
                try await prepareResumption(after: error)
            }
        }
    }

    func next() async throws(EtcdClientError) -> WatchUpdate? {
        while true {
            do throws(EtcdClientError) {
                if let update = try await receive() { return update }
            } catch {
                try await prepareResumption(after: error)
            }
        }
    }
}

// MARK: - Receiving

extension WatchStream {
    /// The next update; nil for a message without one.
    private func receive() async throws(EtcdClientError) -> WatchUpdate? {
        let stream = try await openStream()
        let bytes: [UInt8]?
        do throws(GRPCStatus) {
            bytes = try await stream.stream.next()
        } catch {
            throw client.cluster.failed(EtcdClientError(error), stream)
        }
        guard let bytes else { throw .unavailable("the watch was ended by the server") }
        let message = try WatchMessage(bytes, client.prefix)
        if message.isCanceled { throw client.cluster.failed(message.cancelError, stream) }
        if message.isCreated {
            isCreated = true
            timer?.cancel()
            failures = 0
            position.created(at: Revision(message.header.revision))
            return nil
        }
        return update(message)
    }

    private func update(_ message: WatchMessage) -> WatchUpdate? {
        guard !message.events.isEmpty else {
            position.completed(Revision(message.header.revision))
            return WatchUpdate(header: ResponseHeader(message.header), events: [])
        }
        let events = position.advance(over: message.events, isFragment: message.isFragment)
        guard !events.isEmpty else { return nil }
        return WatchUpdate(header: ResponseHeader(message.header), events: events)
    }

    private func openStream() async throws(EtcdClientError) -> ClusterCalls.Stream {
        if let stream { return stream }
        let opened = try await client.cluster.stream(.watch, avoiding: avoided)
        var request = request
        request.startRevision = position.next.rawValue
        opened.stream.send(WatchRequest.create(request).encoded())
        position.resumed()
        stream = opened
        current.withLock { $0 = opened.stream }
        let timeout = TimeAmount(client.cluster.configuration.timeout)
        timer = client.cluster.pool.dialer.loop.scheduleTask(in: timeout) {
            opened.stream.cancel(.deadlineExceeded)
        }
        return opened
    }

    /// Pauses before the watch goes on elsewhere; throws errors that end it.
    private func prepareResumption(
        after error: EtcdClientError
    ) async throws(EtcdClientError) {
        cancel()
        avoided = stream?.lease.slot
        stream = nil
        if Task.isCancelled { throw .cancelled }
        let renewsToken = client.cluster.mayRenewToken(after: error) && failures == 0
        guard error.isOfConnection || error.reason == .deadlineExceeded || renewsToken else {
            throw error
        }
        client.cluster.resumed(.watch, after: error)
        let pause = client.cluster.configuration.retries.pause(before: failures)
        failures += 1
        do {
            try await Task.sleep(for: pause)
        } catch {
            throw .cancelled
        }
    }
}
