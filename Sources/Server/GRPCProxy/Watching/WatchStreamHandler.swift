import EtcdAPI
import GRPC
import ServerLogging

/// A watch stream of a client.
///
/// Creations are served one after the other: each asks a member first whether the caller may read
/// the range. A client that does not read falls behind: its watchers leave the shared watches, and
/// read history from their positions once it reads again.
final class WatchStreamHandler: GRPCCallHandler {
    private let call: GRPCServerCall
    private let table: WatchTable
    private let logger: ServerLogger
    private let identity: CallerIdentity
    private var watchers: [Int64: ProxyWatcher] = [:]
    /// Watchers that wait until the client reads.
    private var behind: [Int64: ProxyWatcher] = [:]
    private var nextID: Int64 = 0
    private var check: UpstreamCall?

    /// Unsent bytes of a stream above which its watchers fall behind.
    private static let unsentBytesMax = 4 << 20

    init(_ call: GRPCServerCall, table: WatchTable, logger: ServerLogger) {
        self.call = call
        self.table = table
        self.logger = logger
        identity = CallerIdentity(call)
    }

    var requiresLeader: Bool { identity.requiresLeader }

    /// Whether the client reads fast enough.
    var mayReceive: Bool { call.isWritable || call.bufferedBytes < Self.unsentBytesMax }

    // MARK: - Requests

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = call.decodedMessage(message, WatchRequest.init(decoding:)) else {
            return
        }
        switch request {
        case .create(let create): self.create(create)
        case .cancel(let cancel): self.cancel(cancel.watchID)
        case .progress, .none: logger.error("not supported request type by gRPC proxy")
        }
    }

    /// As in etcd's proxy the stream ends with the requests of the client.
    func receiveHalfClose(on call: GRPCServerCall) { call.finish(.canceled) }

    func becameWritable(_ call: GRPCServerCall) {
        let waiting = behind.values
        behind = [:]
        for watcher in waiting { table.attach(watcher) }
    }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        check?.cancel()
        check = nil
        for watcher in watchers.values { table.detach(watcher) }
        watchers = [:]
        behind = [:]
    }

    // MARK: - Creation

    private func create(_ request: WatchCreateRequest) {
        var keys = KeyInterval(request.key.isEmpty ? [0] : request.key, request.rangeEnd)
        guard request.startRevision >= 0 else {
            return refuse(EtcdError.compacted.message)
        }
        guard keys.isValid else { return refuse("") }
        do throws(EtcdError) {
            keys = try table.namespace.added(to: keys.start, keys.end)
        } catch {
            return refuse(error.message)
        }
        let range = RangeRequest(
            key: keys.start, rangeEnd: keys.end, serializable: true, countOnly: true)
        call.pauseReceiving()
        check = UpstreamCall.start(
            UpstreamRequest(
                path: "/etcdserverpb.KV/Range", message: range.encoded(), identity: identity,
                repetition: .always), on: table.upstream
        ) { result in
            self.check = nil
            guard !self.call.isClosed else { return }
            switch result {
            case .failure(let status): self.refuse(status.message)
            case .success(let response): self.create(request, keys, response)
            }
            if !self.call.isClosed { self.call.resumeReceiving() }
        }
    }

    /// Creates a watcher of a caller who may read the range.
    ///
    /// - Parameter response: of a range, whose header says which revision the member is at.
    private func create(
        _ request: WatchCreateRequest, _ keys: KeyInterval, _ response: [UInt8]
    ) {
        let revision = ReadOrdering.revision(of: response)
        let key = WatchKey(
            token: identity.token, keys: keys, prevKV: request.prevKV,
            filters: request.filters.map(\.rawValue).sorted())
        let next =
            request.startRevision > 0
            ? request.startRevision : table.newestPosition(key, atLeast: revision + 1)
        var fields = WireFields(response[...])
        let watcher = ProxyWatcher(
            id: nextID, key: key, wantsProgress: request.progressNotify, next: next,
            header: (try? fields.next())?.whole ?? [], stream: self)
        nextID += 1
        watchers[watcher.id] = watcher
        send(Self.created, watcher.header, to: watcher)
        table.attach(watcher)
    }

    private static let created = WatchResponse(header: nil, watchID: 0, created: true).encoded()

    /// Refuses a creation as etcd's proxy does: the watcher has the ID -1 and an empty header.
    private func refuse(_ reason: String) {
        call.send(
            WatchResponse(
                header: ResponseHeader(), watchID: -1, created: true, canceled: true,
                cancelReason: reason
            ).encoded())
    }

    // MARK: - The end of watchers

    private func cancel(_ id: Int64) {
        guard let watcher = watchers[id] else { return }
        cancel(watcher, "")
    }

    func cancel(_ watcher: ProxyWatcher, _ reason: String) {
        let response = WatchResponse(
            header: nil, watchID: 0, canceled: true, cancelReason: reason
        ).encoded()
        send(response, watcher.header, to: watcher)
        forget(watcher)
    }

    /// The watcher has ended.
    func forget(_ watcher: ProxyWatcher) {
        table.detach(watcher)
        watchers[watcher.id] = nil
        behind[watcher.id] = nil
    }

    func endWithoutLeader() {
        call.finish(GRPCStatus(.unavailable, "etcdserver: no leader"))
    }

    // MARK: - Sending

    /// The client does not read: the watcher leaves the shared watch until it does.
    func fallBehind(_ watcher: ProxyWatcher) {
        table.detach(watcher)
        behind[watcher.id] = watcher
    }

    /// Sends a response of a member with the watcher's ID, which etcd numbers from 0 for each stream,
    /// as the proxy's own watch at the member is.
    ///
    /// - Parameter header: the header of the response, as a field; added if the response has none.
    func send(_ response: [UInt8], _ header: ArraySlice<UInt8>, to watcher: ProxyWatcher) {
        let isInResponse = response.first == header.first && !header.isEmpty
        let head = isInResponse ? [] : header
        watcher.header = header
        let idBytes = WireSize.int64(watcher.id, field: 2)
        call.send(
            headBytes: head.count,
            { buffer in head.withUnsafeBytes { buffer.copyMemory(from: $0) } },
            middle: response, tailBytes: idBytes
        ) { buffer in
            var writer = WireWriter(into: buffer)
            writer.appendInt64(watcher.id, field: 2)
        }
    }
}
