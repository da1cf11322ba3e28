internal import EtcdAPI
internal import GRPC
internal import SwiftProtobuf

/// Changes of one or more revisions, in order.
public struct WatchUpdate: Sendable {
    /// One change of one key.
    public struct Event: Hashable, Sendable {
        public enum Kind: Sendable { case put, delete }

        public let kind: Kind
        /// The pair after the change; for a deletion the key and the revision of it.
        public let pair: KeyValuePair
        /// The pair before, when it was asked for and existed.
        public let previous: KeyValuePair?
    }

    public let header: AnswerHeader
    /// Empty when the update only tells how far the watch has come.
    public let events: [Event]
}

/// The changes of keys from a revision on, none left out and none twice.
///
/// When the connection is lost the watch goes on over another one behind what it has given. It
/// ends by throwing: `.compacted` when a revision it needs is gone. One task iterates it; when the
/// iterator is gone the watch ends.
public struct WatchSequence: AsyncSequence, Sendable {
    public typealias Element = WatchUpdate

    let connections: Connections
    let request: WatchCreateRequest

    public func makeAsyncIterator() -> Iterator {
        Iterator(state: WatchState(connections: connections, request: request))
    }

    public struct Iterator: AsyncIteratorProtocol {
        let state: WatchState

        public func next() async throws -> WatchUpdate? {
            do {
                return try await state.next()
            } catch {
                throw EtcdClientError(error)
            }
        }
    }
}

/// One iteration of a watch.
final class WatchState: @unchecked Sendable {
    // `@unchecked Sendable`: one task iterates a watch; `deinit` only cancels.
    private let connections: Connections
    private var request: WatchCreateRequest
    private var stream: GRPCClientStream?
    private var messages: GRPCClientStream.Messages.Iterator?
    private var failures = 0

    init(connections: Connections, request: WatchCreateRequest) {
        self.connections = connections
        self.request = request
    }

    deinit {
        stream?.cancel()
    }

    func next() async throws -> WatchUpdate? {
        while true {
            do {
                if let update = try await receive() { return update }
            } catch let status as GRPCStatus where status.code == .unavailable && failures < 10 {
                try await pauseBeforeResuming()
            } catch let error as EtcdClientError where error.code == .unavailable && failures < 10 {
                try await pauseBeforeResuming()
            }
        }
    }

    private func pauseBeforeResuming() async throws {
        stream?.cancel()
        stream = nil
        messages = nil
        failures += 1
        try await Task.sleep(for: .milliseconds(50 * failures))
    }

    /// The next update; nil for an answer that holds none.
    private func receive() async throws -> WatchUpdate? {
        if messages == nil { try await begin() }
        guard let message = try await messages?.next() else {
            throw GRPCStatus(.unavailable, "the watch was ended by the server")
        }
        let answer = try Etcdserverpb_WatchResponse(serializedBytes: message)
        if answer.canceled { throw Self.reason(of: answer) }
        failures = 0
        if answer.created {
            // So that a watch of what comes from now on misses nothing when it is resumed.
            if request.startRevision == 0 { request.startRevision = answer.header.revision + 1 }
            return nil
        }
        let update = WatchUpdate(answer)
        let newest = update.events.map(\.pair.modRevision).max() ?? answer.header.revision
        request.startRevision = max(request.startRevision, newest + 1)
        return update
    }

    private func begin() async throws {
        let connection = try await connections.connection()
        let stream = connection.openStream(path: "/etcdserverpb.Watch/Watch")
        stream.send(WatchRequest.create(request).encoded())
        self.stream = stream
        messages = stream.messages.makeAsyncIterator()
    }

    private static func reason(of answer: Etcdserverpb_WatchResponse) -> EtcdClientError {
        if answer.compactRevision > 0 { return .compacted }
        return EtcdClientError(code: .canceled, message: answer.cancelReason)
    }
}

extension WatchUpdate {
    init(_ answer: Etcdserverpb_WatchResponse) {
        header = AnswerHeader(answer.header)
        events = answer.events.map { event in
            Event(
                kind: event.type == .delete ? .delete : .put, pair: KeyValuePair(event.kv),
                previous: event.hasPrevKv ? KeyValuePair(event.prevKv) : nil)
        }
    }
}

extension EtcdClient {
    /// Watches keys.
    ///
    /// - Parameter revision: the first revision of interest; 0 for what comes from now on.
    public func watch(
        _ keys: KeyRange, from revision: Int64 = 0, returnsPrevious: Bool = false,
        tellsProgress: Bool = false
    ) -> WatchSequence {
        WatchSequence(
            connections: connections,
            request: WatchCreateRequest(
                key: keys.start[...], rangeEnd: keys.end[...], startRevision: revision,
                progressNotify: tellsProgress, prevKV: returnsPrevious))
    }
}
