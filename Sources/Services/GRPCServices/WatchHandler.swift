internal import Auth
internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import Identifiers
internal import MonotonicClock
internal import MVCC
internal import NIOCore
internal import MemberRuntime

/// One client's watch stream. Owned by the call's event loop.
///
/// Deliveries of the watch dispatcher wait in `queue` until the client reads, then in `pending`.
/// The queue is bounded: when it is full the stream's watchers become unsynced and read history
/// later, so that a client that does not read uses no memory.
final class WatchHandler: GRPCCallHandler {
    private let context: ServiceContext
    private let rule: RPCRule
    private let queue: WatchQueue
    private let stream: WatchStream
    /// Deliveries taken from the queue. Those from `nextDelivery` on are unsent, the first of them
    /// from its watcher number `nextWatcher` on.
    private var pending: [WatchDelivery] = []
    private var nextDelivery = 0
    private var nextWatcher = 0
    private var watchers: [Int64: ProgressState] = [:]
    private var progressTimer: WatchProgressTimer?

    /// Whether a watcher wants progress notifications, and whether it was idle since the last one.
    private struct ProgressState {
        let isWanted: Bool
        var isIdle: Bool
    }

    init(context: ServiceContext, call: GRPCServerCall, rule: RPCRule) {
        self.context = context
        self.rule = rule
        queue = WatchQueue(pendingMeter: context.metrics.watch.pendingEvents)
        stream = context.runtime.watchers.openStream(queue)
        let handler = NIOLoopBound(self, eventLoop: call.eventLoop)
        let loop = call.loop
        queue.setWakeUp { [weak call] in
            loop.eventLoop.execute {
                guard let call else { return }
                loop.performBatch { handler.value.drain(call) }
            }
        }
        startTimer(loop)
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? WatchRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        switch request {
        case .create(let create): identifyAndAdd(create, call)
        case .cancel(let cancel): remove(cancel.watchID, call)
        case .progress: context.runtime.watchers.requestProgress(on: stream)
        case .none: break
        }
    }

    /// The stream stays open: the client just sends no more requests.
    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) { drain(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        progressTimer?.cancel()
        queue.close()
        context.runtime.watchers.close(stream)
        context.metrics.streamClosed("watch", reason)
    }

    /// The caller is looked up for each watcher: a stream outlives its token, and then gets no
    /// further watchers. A watcher itself lasts, whatever becomes of its user.
    private func identifyAndAdd(_ request: WatchCreateRequest, _ call: GRPCServerCall) {
        guard request.startRevision >= 0 else {
            return refuse(WatchCancelReason.compacted, call)
        }
        guard context.auth != nil else { return add(request, call) }
        context.findCaller(of: call, rule) { [self] found in
            do throws(EtcdError) {
                try context.requireWatch(request, by: found.get())
                add(request, call)
            } catch {
                refuse(WatchCancelReason.refused(error), call)
            }
        }
    }

    private func add(_ request: WatchCreateRequest, _ call: GRPCServerCall) {
        var key = Array(request.key)
        if key.isEmpty { key = [0] }
        let configuration = WatcherConfiguration(
            key: key, end: Array(request.rangeEnd), startRevision: Revision(request.startRevision),
            omitsPuts: request.filters.contains(.noPut),
            omitsDeletions: request.filters.contains(.noDelete),
            wantsPrevious: request.prevKV, allowsFragments: request.fragment)
        guard !configuration.isRangeEmpty else {
            return refuse(WatchCancelReason.emptyRange, call)
        }
        let id = request.watchID == 0 ? nil : request.watchID
        guard let added = context.runtime.watchers.register(configuration, id: id, on: stream)
        else { return refuse(WatchCancelReason.duplicateID, call) }
        watchers[added.id] = ProgressState(isWanted: request.progressNotify, isIdle: true)
        CallTrace.of(call)?.beginWatch(added.id, request)
        respond(
            WatchResponse(header: header(added.revision), watchID: added.id, created: true), call)
        if request.startRevision > 0, Revision(request.startRevision) <= added.revision {
            context.runtime.wakeWatchers()
        }
    }

    private func refuse(_ reason: String, _ call: GRPCServerCall) {
        respond(
            WatchResponse(
                header: context.header(), watchID: -1, created: true, canceled: true,
                cancelReason: reason), call)
    }

    private func remove(_ id: Int64, _ call: GRPCServerCall) {
        guard context.runtime.watchers.cancel(id, on: stream), watchers[id] != nil else { return }
        watchers[id] = nil
        CallTrace.of(call)?.endWatch(id)
        respond(WatchResponse(header: context.header(), watchID: id, canceled: true), call)
    }

    /// Responds to a request of the client.
    private func respond(_ response: WatchResponse, _ call: GRPCServerCall) {
        let began = MonotonicTime.now()
        call.send(response)
        context.metrics.watch.controlSent(took: .now() - began)
    }

    /// Sends pending deliveries while the call is writable.
    private func drain(_ call: GRPCServerCall) {
        guard !call.isClosed else { return }
        while call.isWritable, hasDeliveries {
            let delivery = pending[nextDelivery]
            let began = MonotonicTime.now()
            let responses = send(delivery, call)
            context.metrics.watch.sent(
                delivery, responses: responses, took: .now() - began)
        }
        if queue.becameWritable(isWritable: call.isWritable) { context.runtime.wakeWatchers() }
    }

    /// Whether there are deliveries to send; refills `pending` from the queue once it is sent.
    private var hasDeliveries: Bool {
        if nextDelivery == pending.count {
            pending = queue.take()
            nextDelivery = 0
        }
        return nextDelivery < pending.count
    }

    /// Sends a delivery to its remaining watchers while the call is writable. Returns the number of
    /// watchers it was sent to.
    private func send(_ delivery: WatchDelivery, _ call: GRPCServerCall) -> Int {
        let header = header(delivery.revision)
        let count =
            switch delivery.content {
            case .progress:
                forEachWatcher(of: delivery, call) { id in
                    call.send(WatchResponse(header: header, watchID: id))
                }
            case .compacted(let revision):
                forEachWatcher(of: delivery, call) { id in
                    CallTrace.of(call)?.endWatch(id)
                    call.send(
                        WatchResponse(
                            header: header, watchID: id, canceled: true,
                            compactRevision: revision.rawValue))
                }
            case .changes(let changes):
                WatchEventsResponse.field(of: header).withUnsafeBytes { header in
                    changes.withEncoded(withPrevious: delivery.wantsPrevious) { events in
                        forEachWatcher(of: delivery, call) { id in
                            send(
                                WatchEventsResponse(header: header, watchID: id, events: events),
                                changes, delivery, call)
                        }
                    }
                }
            }
        if nextWatcher == delivery.watcherCount {
            nextDelivery += 1
            nextWatcher = 0
        }
        return count
    }

    /// Calls `body` for the remaining watchers of a delivery that are still registered.
    private func forEachWatcher(
        of delivery: WatchDelivery, _ call: GRPCServerCall, _ body: (Int64) -> Void
    ) -> Int {
        let hasChanges = delivery.eventCount > 0
        var count = 0
        while nextWatcher < delivery.watcherCount, count == 0 || call.isWritable {
            let id = delivery.watcherID(at: nextWatcher)
            nextWatcher += 1
            guard isRegistered(id, marksActive: hasChanges) || id == -1 else { continue }
            count += 1
            body(id)
        }
        return count
    }

    /// Whether there is such a watcher; marks it as not idle if it receives changes.
    ///
    /// Mostly it is marked already, and changing a value in place in a dictionary allocates.
    private func isRegistered(_ id: Int64, marksActive: Bool) -> Bool {
        guard let progress = watchers[id] else { return false }
        if marksActive, progress.isIdle {
            watchers[id] = ProgressState(isWanted: progress.isWanted, isIdle: false)
        }
        return true
    }

    /// Sends events. A response above the limit of a watcher that allows fragments is split into
    /// several responses of at least one event each.
    private func send(
        _ whole: WatchEventsResponse, _ changes: [WatchedChange], _ delivery: WatchDelivery,
        _ call: GRPCServerCall
    ) {
        let limit = context.configuration.fragmentBytes
        guard delivery.allowsFragments, whole.encodedSize >= limit else { return call.send(whole) }
        var response = whole
        response.fragment = true
        let head = response.headSize
        var start = 0
        var count = 0
        for change in changes {
            let size = change.bytes(withPrevious: delivery.wantsPrevious).count
            if count > 0, head + count + size >= limit {
                response.events = UnsafeRawBufferPointer(
                    rebasing: whole.events[start..<start + count])
                call.send(response)
                start += count
                count = 0
            }
            count += size
        }
        response.events = UnsafeRawBufferPointer(rebasing: whole.events[start...])
        response.fragment = false
        call.send(response)
    }

    private func header(_ revision: Revision) -> ResponseHeader {
        context.header(revision: revision, term: context.runtime.term)
    }
}

/// Periodic progress notifications.
extension WatchHandler {
    private func startTimer(_ loop: HTTP2Loop) {
        let interval = context.configuration.watchProgressInterval
        let jitter = Int64.random(in: 0...max((interval / 10).nanoseconds, 0))
        progressTimer = WatchProgressTimer(loop, interval: interval + .nanoseconds(jitter)) {
            [weak self] in self?.notifyIdleWatchers()
        }
    }

    /// Requests progress notifications for the watchers that want them and were idle.
    private func notifyIdleWatchers() {
        for (id, progress) in watchers.sorted(by: { $0.key < $1.key })
        where progress.isWanted {
            if progress.isIdle {
                _ = context.runtime.watchers.notifyProgress(of: id, on: stream)
            }
            watchers[id]?.isIdle = true
        }
    }
}
