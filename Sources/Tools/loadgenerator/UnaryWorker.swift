internal import GRPC
internal import HTTP2
internal import NIOCore

/// The unary load of one event loop: its connections, its calls and what they measured.
///
/// Every call has a slot, so `streams` slots for each connection. In a closed loop a slot begins
/// its next call when the last is answered. In an open loop calls begin when their time comes, in
/// any free slot; one that finds none waits, and its latency counts from when it was due.
final class UnaryWorker: @unchecked Sendable {  // used on eventLoop only
    let eventLoop: any EventLoop
    private let options: LoadOptions
    private let template: RequestTemplate
    private let rate: Double
    private var keys: KeySequence
    private var quota: Int
    private var endNanoseconds: UInt64 = .max
    private var slots: [CallSlot] = []
    private var freeSlots: [CallSlot] = []
    private var openCalls = 0
    private var begun = 0
    private var result = LoadResult()
    private let finished: EventLoopPromise<LoadResult>
    private var tick: RepeatedTask?

    /// Worker `part` of `options.loops`.
    init(options: LoadOptions, part: Int, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        template = RequestTemplate(options)
        rate = options.ratePerSecond / Double(options.loops)
        keys = KeySequence(
            keyCount: options.keyCount - (options.rangeSize - 1),
            isAscending: options.command == .load, part: part, parts: options.loops,
            seed: options.seed)
        quota = options.total == 0 ? .max : Self.share(of: options.total, part, options.loops)
        finished = eventLoop.makePromise()
    }

    private static func share(of total: Int, _ part: Int, _ parts: Int) -> Int {
        total / parts + (part < total % parts ? 1 : 0)
    }

    /// Opens this worker's part of the connections. From any thread.
    func connect(part: Int) -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            let loop = HTTP2Loop(eventLoop: self.eventLoop)
            let count = Self.share(of: self.options.connections, part, self.options.loops)
            let connections = (0..<count).map { number in
                let endpoint = self.options.endpoint(of: number * self.options.loops + part)
                return GRPCClientConnection.connect(
                    host: endpoint.host, port: endpoint.port, on: self.eventLoop, loop: loop
                ).map { self.addSlots(on: $0) }
            }
            return EventLoopFuture.andAllSucceed(connections, on: self.eventLoop)
        }
    }

    private func addSlots(on connection: GRPCClientConnection) {
        for _ in 0..<options.streams {
            slots.append(CallSlot(worker: self, connection: connection))
        }
    }

    /// Runs the load; the future comes when the last answer has. From any thread.
    func run() -> EventLoopFuture<LoadResult> {
        eventLoop.execute { self.begin() }
        return finished.futureResult
    }

    private func begin() {
        let now = NIODeadline.now().uptimeNanoseconds
        result.beganNanoseconds = now
        if options.total == 0 { endNanoseconds = now + UInt64(options.seconds * 1e9) }
        guard rate > 0 else {
            for slot in slots { beginCall(in: slot, due: now) }
            return
        }
        freeSlots = slots
        tick = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { _ in
            self.beginDueCalls()
        }
    }

    private func beginDueCalls() {
        let now = NIODeadline.now().uptimeNanoseconds
        while quota > 0, let slot = freeSlots.last {
            let due = result.beganNanoseconds + UInt64(Double(begun) / rate * 1e9)
            guard due <= now, due < endNanoseconds else { break }
            freeSlots.removeLast()
            beginCall(in: slot, due: due)
        }
        if openCalls == 0, quota == 0 || now >= endNanoseconds { finish() }
    }

    private func beginCall(in slot: CallSlot, due: UInt64) {
        guard quota > 0, slot.connection.isUsable else { return finishIfIdle() }
        quota -= 1
        begun += 1
        openCalls += 1
        let key = keys.nextKey()
        slot.begin(
            path: template.path,
            request: template.request(key: key, end: key + options.rangeSize), due: due)
    }

    func ended(_ slot: CallSlot, _ status: GRPCStatus, bytes: Int) {
        let now = NIODeadline.now().uptimeNanoseconds
        openCalls -= 1
        result.endedNanoseconds = now
        result.bytesReceived += bytes
        if status.code == .ok {
            result.requests += 1
            result.latencies.record(nanoseconds: now - min(slot.dueNanoseconds, now))
        } else {
            result.errors += 1
            result.firstError = result.firstError ?? "\(status)"
        }
        if rate > 0 {
            freeSlots.append(slot)
            beginDueCalls()
        } else if now < endNanoseconds {
            beginCall(in: slot, due: now)
        } else {
            finishIfIdle()
        }
    }

    private func finishIfIdle() {
        if openCalls == 0 { finish() }
    }

    private func finish() {
        tick?.cancel()
        finished.succeed(result)
    }
}

/// Room for one call at a time on one connection.
final class CallSlot: GRPCClientCallHandler {
    let connection: GRPCClientConnection
    private let worker: UnaryWorker
    private(set) var dueNanoseconds: UInt64 = 0
    private var bytesReceived = 0

    init(worker: UnaryWorker, connection: GRPCClientConnection) {
        self.worker = worker
        self.connection = connection
    }

    func begin(path: String, request: [UInt8], due: UInt64) {
        dueNanoseconds = due
        bytesReceived = 0
        let call = connection.openCall(path: path, handler: self)
        call.send(request)
        call.halfClose()
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        bytesReceived += message.count
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        worker.ended(self, status, bytes: bytesReceived)
    }
}
