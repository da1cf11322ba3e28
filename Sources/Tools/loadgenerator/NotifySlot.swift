internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import MonotonicClock
internal import NIOCore

/// A writer with its own key and a watcher of it.
///
/// A request ends when the put has completed and its event has arrived, in either order; its
/// latency is that of the event.
final class NotifySlot: LoadSlot {
    let keyNumber: Int
    private let worker: LoadWorker
    private let connection: GRPCClientConnection
    private let source: RequestSource
    private var due: MonotonicTime?
    private var eventAt: MonotonicTime?
    private var bytesReceived = 0
    private var isPutCompleted = false
    /// Whether a put failed or the watcher is gone: later events cannot be matched to puts.
    private var isBroken = false

    init(
        worker: LoadWorker, connection: GRPCClientConnection, source: RequestSource, keyNumber: Int
    ) {
        self.worker = worker
        self.connection = connection
        self.source = source
        self.keyNumber = keyNumber
    }

    var isUsable: Bool { connection.isUsable && !isBroken }

    func begin(key: Int, due: MonotonicTime) {
        self.due = due
        eventAt = nil
        isPutCompleted = false
        connection.startUnary(path: source.path, message: source.request(key: keyNumber)) {
            switch $0 {
            case .success(let response):
                self.bytesReceived += response.count
                self.isPutCompleted = true
                self.endIfComplete()
            case .failure(let status): self.fail("put: \(status)")
            }
        }
    }

    func eventArrived(at time: MonotonicTime, bytes: Int) {
        eventAt = eventAt ?? time
        bytesReceived += bytes
        endIfComplete()
    }

    func fail(_ text: String) {
        isBroken = true
        end(at: MonotonicTime(.now()), failure: text)
    }

    private func endIfComplete() {
        guard isPutCompleted, let eventAt else { return }
        end(at: eventAt, failure: nil)
    }

    private func end(at completed: MonotonicTime, failure: String?) {
        guard let due else { return }
        self.due = nil
        let bytes = bytesReceived
        bytesReceived = 0
        worker.ended(self, due: due, completed: completed, bytes: bytes, failure: failure)
    }
}

/// The watch stream of the notify slots of one connection; watcher ID n belongs to slot n - 1.
final class NotifyStream: GRPCClientCallHandler {
    private let slots: [NotifySlot]
    private let created: EventLoopPromise<Void>
    private var createdCount = 0

    /// Opens the stream and its watchers; `created` succeeds when all are created.
    init(
        slots: [NotifySlot], connection: GRPCClientConnection, options: LoadOptions,
        created: EventLoopPromise<Void>
    ) {
        self.slots = slots
        self.created = created
        let call = connection.openCall(path: WatcherGroup.path, handler: self)
        for (index, slot) in slots.enumerated() {
            let template = RequestTemplate.watch(options, watchID: Int64(index) + 1)
            call.send(template.request(key: slot.keyNumber))
        }
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        let now = MonotonicTime(.now())
        do throws(WireError) {
            let delivery = try WatchDelivery(message)
            if delivery.isCanceled { return fail("a watcher was canceled") }
            if delivery.isCreated { countCreated() }
            let index = Int(delivery.watchID) - 1
            guard delivery.eventCount > 0, slots.indices.contains(index) else { return }
            slots[index].eventArrived(at: now, bytes: message.count)
        } catch {
            fail("watch response: \(error)")
        }
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        fail("watch stream: \(status)")
    }

    private func countCreated() {
        createdCount += 1
        if createdCount == slots.count { created.succeed(()) }
    }

    private func fail(_ text: String) {
        created.fail(OptionError(description: text))
        for slot in slots { slot.fail(text) }
    }
}
