internal import EtcdAPI
internal import GRPC
public import Identifiers
internal import SwiftProtobuf

/// Changes of one or more revisions, in order.
public struct WatchUpdate: Sendable {
    /// One change of one key.
    public struct Event: Hashable, Sendable {
        public enum Kind: Sendable { case put, delete }

        public let kind: Kind
        /// The pair after the change; for a deletion the key and the revision of the deletion.
        public let pair: KeyValuePair
        /// The previous pair, if it was requested and existed.
        public let previous: KeyValuePair?
    }

    public let header: ResponseHeader
    /// Empty for a progress notification.
    public let events: [Event]
}

/// The changes of keys from a revision on, without gaps or duplicates.
///
/// When the connection is lost, the watch resumes on another one after the last delivered revision.
/// It ends by throwing: `.compacted` if a revision it needs is compacted. One task iterates it; the
/// watch is cancelled when the iterator is released.
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

    /// The next update; nil for a response without one.
    private func receive() async throws -> WatchUpdate? {
        if messages == nil { try await begin() }
        guard let message = try await messages?.next() else {
            throw GRPCStatus(.unavailable, "the watch was ended by the server")
        }
        let response = try Etcdserverpb_WatchResponse(serializedBytes: message)
        if response.canceled { throw Self.reason(of: response) }
        failures = 0
        if response.created {
            // So that a watch from the current revision misses nothing when it is resumed.
            if request.startRevision == 0 { request.startRevision = response.header.revision + 1 }
            return nil
        }
        let update = WatchUpdate(response)
        let newest = update.events.map(\.pair.modRevision).max() ?? update.header.revision
        request.startRevision = max(request.startRevision, newest.next.rawValue)
        return update
    }

    private func begin() async throws {
        let connection = try await connections.connection()
        let stream = connection.openStream(path: "/etcdserverpb.Watch/Watch")
        stream.send(WatchRequest.create(request).encoded())
        self.stream = stream
        messages = stream.messages.makeAsyncIterator()
    }

    private static func reason(of response: Etcdserverpb_WatchResponse) -> EtcdClientError {
        if response.compactRevision > 0 { return .compacted }
        return EtcdClientError(code: .canceled, message: response.cancelReason)
    }
}

extension WatchUpdate {
    init(_ response: Etcdserverpb_WatchResponse) {
        header = ResponseHeader(response.header)
        events = response.events.map { event in
            Event(
                kind: event.type == .delete ? .delete : .put, pair: KeyValuePair(event.kv),
                previous: event.hasPrevKv ? KeyValuePair(event.prevKv) : nil)
        }
    }
}

extension EtcdClient {
    /// Watches keys.
    ///
    /// - Parameter revision: the first revision to watch; 0 for changes from now on.
    public func watch(
        _ keys: KeyRange, from revision: Revision = 0, returnsPrevious: Bool = false,
        notifiesProgress: Bool = false
    ) -> WatchSequence {
        WatchSequence(
            connections: connections,
            request: WatchCreateRequest(
                key: keys.start[...], rangeEnd: keys.end[...], startRevision: revision.rawValue,
                progressNotify: notifiesProgress, prevKV: returnsPrevious))
    }
}
