import EtcdAPI
import GRPC
import NIOCore
import StatusCodes

/// One watch at a member, for all watchers with the same key whose positions it serves.
///
/// It goes on behind its last event when the connection or the member is lost, as long as it has
/// watchers. Invariant: all events below `next` are delivered to its watchers, as far as they start
/// below, and none from `next` on.
final class SharedWatch {
    let key: WatchKey
    /// The first revision that may have further events.
    private(set) var next: Int64
    private(set) var watchers: [ObjectIdentifier: ProxyWatcher] = [:]
    private unowned let table: WatchTable
    private var stream: UpstreamStream?
    private var receiver: WatchReceiver?
    private var failures = 0

    private static let pauseMin = TimeAmount.milliseconds(20)
    private static let pauseMax = TimeAmount.seconds(1)

    init(_ key: WatchKey, from revision: Int64, table: WatchTable) {
        self.key = key
        next = revision
        self.table = table
    }

    func add(_ watcher: ProxyWatcher) {
        watchers[ObjectIdentifier(watcher)] = watcher
        watcher.shared = self
    }

    func remove(_ watcher: ProxyWatcher) {
        watchers[ObjectIdentifier(watcher)] = nil
        watcher.shared = nil
    }

    /// Opens the watch at a member.
    func open() {
        let create = WatchCreateRequest(
            key: key.keys.start, rangeEnd: key.keys.end, startRevision: next, progressNotify: true,
            filters: key.filters.map(WatchCreateRequest.FilterType.init(rawValue:)),
            prevKV: key.prevKV)
        let receiver = WatchReceiver(self)
        self.receiver = receiver
        stream = UpstreamStream.open(
            "/etcdserverpb.Watch/Watch", WatchRequest.create(create).encoded(),
            CallerIdentity(token: key.token, requiresLeader: true), on: table.upstream,
            waits: true, isHalfClosed: false, handler: receiver
        ) { [weak self] status in self?.lost(status) }
    }

    func close() {
        receiver = nil
        stream?.cancel()
        stream = nil
    }

    // MARK: - The member

    fileprivate func receive(_ message: [UInt8], from receiver: WatchReceiver) {
        guard receiver === self.receiver else { return }
        do throws(WireError) {
            let stripped = try table.namespace.removed(from: message, .watch)
            try deliver(WatchFrame(stripped))
        } catch {
            close()
            reopenLater()
        }
    }

    private func deliver(_ frame: WatchFrame) throws(WireError) {
        failures = 0
        if frame.isCanceled {
            // A watch that a member refuses to create has no ID of its own.
            guard !frame.isCreated else { return table.end(self, because: frame.cancelReason) }
            return table.end(self, with: frame)
        }
        guard !frame.isCreated else { return }
        guard frame.eventCount > 0 else {
            next = max(next, frame.revision + 1)
            for watcher in watchers.values where watcher.wantsProgress {
                watcher.stream.send(frame.bytes, frame.header, to: watcher)
            }
            return
        }
        next = max(next, frame.lastRevision + 1)
        table.delivered(frame.eventCount, to: watchers.count)
        for watcher in watchers.values { try deliver(frame, to: watcher) }
        table.advanced(self)
    }

    private func deliver(_ frame: WatchFrame, to watcher: ProxyWatcher) throws(WireError) {
        guard watcher.shared === self, watcher.next <= frame.lastRevision else { return }
        guard watcher.stream.mayReceive else {
            watcher.next = max(watcher.next, frame.firstRevision)
            return watcher.stream.fallBehind(watcher)
        }
        if watcher.next <= frame.firstRevision {
            watcher.stream.send(frame.bytes, frame.header, to: watcher)
        } else {
            let (bytes, count) = try frame.events(from: watcher.next)
            if count > 0 { watcher.stream.send(bytes, frame.header, to: watcher) }
        }
        watcher.next = frame.lastRevision + 1
    }

    fileprivate func closed(_ status: GRPCStatus, _ receiver: WatchReceiver) {
        guard receiver === self.receiver else { return }
        lost(status)
    }

    private func lost(_ status: GRPCStatus) {
        stream = nil
        receiver = nil
        if status.message == "etcdserver: no leader" { table.endThoseThatRequireLeader(self) }
        switch status.code {
        // Only the caller can change what is wrong.
        case .unauthenticated, .permissionDenied, .invalidArgument, .unimplemented:
            table.end(self, because: status.message)
        default: reopenLater()
        }
    }

    private func reopenLater() {
        guard !watchers.isEmpty else { return }
        let pause = min(Self.pauseMin * (1 << min(failures, 6)), Self.pauseMax)
        failures += 1
        table.upstream.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in
            guard let self, self.receiver == nil, !self.watchers.isEmpty else { return }
            self.open()
        }
    }
}

/// Receives the responses of one stream of a shared watch.
private final class WatchReceiver: GRPCClientCallHandler {
    private weak var watch: SharedWatch?

    init(_ watch: SharedWatch) {
        self.watch = watch
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        watch?.receive(message, from: self)
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        watch?.closed(status, self)
    }
}
