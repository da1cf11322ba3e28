internal import EtcdAPI
internal import GRPC
internal import MVCC
internal import NIOCore
internal import ReplicaRuntime

/// etcdserverpb.Watch: one stream, many watchers.
struct WatchService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.stream("/etcdserverpb.Watch/Watch", .bidirectional) { call in
                WatchHandler(context: context, call: call)
            }
        ]
    }
}

/// One client's watch stream. Owned by the call's event loop.
///
/// What the hub delivers waits in `queue` until the client takes it, and what was taken from there
/// in `taken`. The queue is bounded: when it is full the hub's watchers fall behind and read
/// history later, so a client that does not read costs no memory.
final class WatchHandler: GRPCCallHandler {
    private let context: ServiceContext
    private let queue: WatchQueue
    private let stream: WatchStream
    /// What was taken from the queue; the deliveries from `place` on are still to be sent, the
    /// first of them without its first `told` watchers.
    private var taken: [WatchDelivery] = []
    private var place = 0
    private var told = 0
    private var watchers: [Int64: Notification] = [:]
    private var timers: [RepeatedTask] = []

    /// Whether a watcher wants to hear of progress, and whether it was idle since the last time.
    private struct Notification {
        let isWanted: Bool
        var isIdle: Bool
    }

    init(context: ServiceContext, call: GRPCServerCall) {
        self.context = context
        queue = WatchQueue(pending: context.meter.watch.pendingEvents)
        stream = context.runtime.watchers.openStream(queue)
        let handler = NIOLoopBound(self, eventLoop: call.eventLoop)
        let loop = call.loop
        queue.wakes { [weak call] in
            loop.eventLoop.execute {
                guard let call else { return }
                loop.performBatch { handler.value.drain(call) }
            }
        }
        startTimers(call)
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        guard let request = try? WatchRequest(decoding: message) else {
            return call.finish(.undecodable)
        }
        switch request {
        case .create(let create): add(create, call)
        case .cancel(let cancel): remove(cancel.watchID, call)
        case .progress: context.runtime.watchers.requestProgress(on: stream)
        case .none: break
        }
    }

    /// The stream goes on: the client only has no more requests.
    func receiveHalfClose(on call: GRPCServerCall) {}

    func becameWritable(_ call: GRPCServerCall) { drain(call) }

    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {
        for timer in timers { timer.cancel() }
        queue.close()
        context.runtime.watchers.close(stream)
        context.meter.streamClosed("watch", reason)
    }

    private func add(_ request: WatchCreateRequest, _ call: GRPCServerCall) {
        var key = Array(request.key)
        if key.isEmpty { key = [0] }
        let configuration = WatcherConfiguration(
            key: key, end: Array(request.rangeEnd), startRevision: request.startRevision,
            omitsPuts: request.filters.contains(.noPut),
            omitsDeletions: request.filters.contains(.noDelete),
            wantsPrevious: request.prevKV, allowsFragments: request.fragment)
        guard request.startRevision >= 0 else {
            return refuse(WatchCancelReason.compacted, call)
        }
        guard !configuration.isRangeEmpty else {
            return refuse(WatchCancelReason.emptyRange, call)
        }
        let id = request.watchID == 0 ? nil : request.watchID
        guard let added = context.runtime.watchers.register(configuration, id: id, on: stream)
        else { return refuse(WatchCancelReason.duplicateID, call) }
        watchers[added.id] = Notification(isWanted: request.progressNotify, isIdle: true)
        answer(
            WatchAnswer(header: header(added.revision), watchID: added.id, created: true), call)
        if request.startRevision > 0, request.startRevision <= added.revision {
            context.runtime.wakeWatchers()
        }
    }

    private func refuse(_ reason: String, _ call: GRPCServerCall) {
        answer(
            WatchAnswer(
                header: context.header(), watchID: -1, created: true, canceled: true,
                cancelReason: reason), call)
    }

    private func remove(_ id: Int64, _ call: GRPCServerCall) {
        guard context.runtime.watchers.cancel(id, on: stream), watchers[id] != nil else { return }
        watchers[id] = nil
        answer(WatchAnswer(header: context.header(), watchID: id, canceled: true), call)
    }

    /// Answers a request of the client itself.
    private func answer(_ answer: WatchAnswer, _ call: GRPCServerCall) {
        let began = monotonicNanoseconds()
        call.send(answer)
        context.meter.watch.answered(nanoseconds: monotonicNanoseconds() - began)
    }

    /// Sends what waits, as long as the client takes it.
    private func drain(_ call: GRPCServerCall) {
        guard !call.isClosed else { return }
        while call.isWritable, hasDeliveries {
            let delivery = taken[place]
            let began = monotonicNanoseconds()
            let responses = send(delivery, call)
            context.meter.watch.sent(
                delivery, responses: responses, nanoseconds: monotonicNanoseconds() - began)
        }
        if queue.becameRoomy(isWritable: call.isWritable) { context.runtime.wakeWatchers() }
    }

    /// Whether there is something to send; takes what waits once everything taken before is sent.
    private var hasDeliveries: Bool {
        if place == taken.count {
            taken = queue.take()
            place = 0
        }
        return place < taken.count
    }

    /// Sends a delivery to its watchers, from the first that has not got it on and as long as the
    /// client takes it. Returns how many got it.
    private func send(_ delivery: WatchDelivery, _ call: GRPCServerCall) -> Int {
        let header = header(delivery.revision)
        let count =
            switch delivery.content {
            case .progress:
                tell(delivery, call) { id in
                    call.send(WatchAnswer(header: header, watchID: id))
                }
            case .compacted(let revision):
                tell(delivery, call) { id in
                    call.send(
                        WatchAnswer(
                            header: header, watchID: id, canceled: true,
                            compactRevision: revision))
                }
            case .changes(let changes):
                WatchEventsAnswer.field(of: header).withUnsafeBytes { header in
                    changes.withEncoded(withPrevious: delivery.wantsPrevious) { events in
                        tell(delivery, call) { id in
                            send(
                                WatchEventsAnswer(header: header, watchID: id, events: events),
                                changes, delivery, call)
                        }
                    }
                }
            }
        if told == delivery.watcherCount {
            place += 1
            told = 0
        }
        return count
    }

    /// Calls `body` for the watchers of a delivery that are still to be told and still there.
    private func tell(
        _ delivery: WatchDelivery, _ call: GRPCServerCall, _ body: (Int64) -> Void
    ) -> Int {
        let tellsChanges = delivery.eventCount > 0
        var count = 0
        while told < delivery.watcherCount, count == 0 || call.isWritable {
            let id = delivery.watcherID(at: told)
            told += 1
            guard isThere(id, isTold: tellsChanges) || id == -1 else { continue }
            count += 1
            body(id)
        }
        return count
    }

    /// Whether there is such a watcher; notes that it is not idle if it is told of changes.
    ///
    /// Mostly that is noted already, and changing a value in place in a dictionary allocates.
    private func isThere(_ id: Int64, isTold: Bool) -> Bool {
        guard let notification = watchers[id] else { return false }
        if isTold, notification.isIdle {
            watchers[id] = Notification(isWanted: notification.isWanted, isIdle: false)
        }
        return true
    }

    /// Sends events, if they are too many for a response of a watcher that allows it, cut into
    /// several of at least one event each.
    private func send(
        _ whole: WatchEventsAnswer, _ changes: [WatchedChange], _ delivery: WatchDelivery,
        _ call: GRPCServerCall
    ) {
        let limit = context.settings.fragmentBytes
        guard delivery.allowsFragments, whole.encodedSize >= limit else { return call.send(whole) }
        var answer = whole
        answer.fragment = true
        let head = answer.headSize
        var start = 0
        var rest = 0
        for change in changes {
            let count = change.bytes(withPrevious: delivery.wantsPrevious).count
            if rest > 0, head + rest + count >= limit {
                answer.events = UnsafeRawBufferPointer(
                    rebasing: whole.events[start..<start + rest])
                call.send(answer)
                start += rest
                rest = 0
            }
            rest += count
        }
        answer.events = UnsafeRawBufferPointer(rebasing: whole.events[start...])
        answer.fragment = false
        call.send(answer)
    }

    private func header(_ revision: Int64) -> ResponseHeader {
        context.header(revision: revision, term: context.runtime.term)
    }
}

/// What happens by itself.
extension WatchHandler {
    private func startTimers(_ call: GRPCServerCall) {
        let interval = context.settings.watchProgressMilliseconds
        let jitter = Int64.random(in: 0...max(interval / 10, 0))
        repeats(call, milliseconds: interval + jitter) { handler, _ in handler.tellIdle() }
    }

    private func repeats(
        _ call: GRPCServerCall, milliseconds: Int64,
        _ body: @escaping (WatchHandler, GRPCServerCall) -> Void
    ) {
        let box = NIOLoopBound((handler: self, body: body), eventLoop: call.eventLoop)
        let time = TimeAmount.milliseconds(milliseconds)
        let task = call.eventLoop.scheduleRepeatedTask(initialDelay: time, delay: time) {
            [weak call] task in
            guard let call, !call.isClosed else { return task.cancel() }
            box.value.body(box.value.handler, call)
        }
        timers.append(task)
    }

    /// Watchers that want it hear where they stand, if nothing has told them since.
    private func tellIdle() {
        for (id, notification) in watchers.sorted(by: { $0.key < $1.key })
        where notification.isWanted {
            if notification.isIdle {
                _ = context.runtime.watchers.notifyProgress(of: id, on: stream)
            }
            watchers[id]?.isIdle = true
        }
    }
}
