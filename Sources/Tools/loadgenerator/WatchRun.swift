internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import NIOCore

/// Many watchers of one key, and puts of it: what is counted is events that arrive.
///
/// The value of each put begins with the time it was sent, so an event's latency is from the put
/// leaving to the event arriving. A put follows when fewer than `outstandingPuts` of them still
/// miss some watcher.
final class WatchRun: @unchecked Sendable {  // used on eventLoop only
    private static let watchedKey = 0

    let eventLoop: any EventLoop
    private let options: LoadOptions
    private let template: RequestTemplate
    private var writer: GRPCClientConnection?
    private var connections: [GRPCClientConnection] = []
    private var created = 0
    private var putsBegun = 0
    private var endNanoseconds: UInt64 = .max
    private var result = LoadResult()
    private var isOver = false
    private let ready: EventLoopPromise<Void>
    private let finished: EventLoopPromise<LoadResult>

    init(options: LoadOptions, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.options = options
        template = RequestTemplate(options)
        ready = eventLoop.makePromise()
        finished = eventLoop.makePromise()
    }

    /// Opens the connections and waits until every watcher is created. From any thread.
    func connect() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            let loop = HTTP2Loop(eventLoop: self.eventLoop)
            let opened = (0...self.options.connections).map { number in
                let endpoint = self.options.endpoint(of: number)
                return GRPCClientConnection.connect(
                    host: endpoint.host, port: endpoint.port, on: self.eventLoop, loop: loop
                ).map { self.connections.append($0) }
            }
            return EventLoopFuture.andAllSucceed(opened, on: self.eventLoop)
                .flatMap { self.createWatchers() }
        }
    }

    private func createWatchers() -> EventLoopFuture<Void> {
        writer = connections.popLast()
        let request = RequestTemplate.watch(key: Self.watchedKey, options: options)
        let streamCount = min(options.connections * options.streams, options.watchers)
        let calls = (0..<streamCount).map { number in
            connections[number % connections.count].openCall(
                path: "/etcdserverpb.Watch/Watch", handler: WatchStream(run: self))
        }
        for number in 0..<options.watchers { calls[number % calls.count].send(request) }
        return ready.futureResult
    }

    /// Runs the load; the future comes when every watcher has every put. From any thread.
    func run() -> EventLoopFuture<LoadResult> {
        eventLoop.execute {
            let now = NIODeadline.now().uptimeNanoseconds
            self.result.beganNanoseconds = now
            if self.options.total == 0 {
                self.endNanoseconds = now + UInt64(self.options.seconds * 1e9)
            }
            self.beginPuts()
        }
        return finished.futureResult
    }

    private func beginPuts() {
        guard !isOver, let writer else { return }
        while putsBegun * options.watchers - result.requests
            <= (options.outstandingPuts - 1) * options.watchers
        {
            let now = NIODeadline.now().uptimeNanoseconds
            let isLast = options.total == 0 ? now >= endNanoseconds : putsBegun >= options.total
            guard !isLast else { break }
            putsBegun += 1
            writer.startUnary(
                path: template.path,
                message: template.request(key: Self.watchedKey, nanoseconds: now)
            ) { answer in
                if case .failure(let status) = answer { self.fail("put: \(status)") }
            }
        }
        if putsBegun * options.watchers == result.requests { finish() }
    }

    func fail(_ text: String) {
        guard !isOver else { return }
        result.errors += 1
        result.firstError = result.firstError ?? text
        ready.fail(OptionError(description: text))
        finish()
    }

    private func finish() {
        isOver = true
        finished.succeed(result)
    }

    func receive(_ message: [UInt8]) {
        let now = NIODeadline.now().uptimeNanoseconds
        result.bytesReceived += message.count
        do {
            try message.withUnsafeBytes { try take(WireReader($0), at: now) }
        } catch {
            return fail("watch answer: \(error)")
        }
        if created == options.watchers { beginPuts() }
    }

    private func take(_ answer: WireReader, at now: UInt64) throws(WireError) {
        var reader = answer
        while let tag = try reader.nextTag() {
            switch (tag.fieldNumber, tag.wireType) {
            case (3, 0): if try reader.bool() { countCreated() }
            case (4, 0): if try reader.bool() { fail("a watcher was canceled") }
            case (11, 2): try takeEvent(WireReader(try reader.rawBytes()), at: now)
            default: try reader.skip(tag)
            }
        }
    }

    private func countCreated() {
        created += 1
        if created == options.watchers { ready.succeed(()) }
    }

    /// Event.kv is field 2, KeyValue.value field 5.
    private func takeEvent(_ event: WireReader, at now: UInt64) throws(WireError) {
        var reader = event
        while let tag = try reader.nextTag() {
            guard tag.fieldNumber == 2, tag.wireType == 2 else {
                try reader.skip(tag)
                continue
            }
            var pair = WireReader(try reader.rawBytes())
            while let tag = try pair.nextTag() {
                guard tag.fieldNumber == 5, tag.wireType == 2 else {
                    try pair.skip(tag)
                    continue
                }
                let value = try pair.rawBytes()
                guard value.count >= 8 else { continue }
                let sent = value.loadUnaligned(as: UInt64.self)
                result.requests += 1
                result.endedNanoseconds = now
                result.latencies.record(nanoseconds: now - min(sent, now))
            }
        }
    }
}

/// One watch stream: hands what comes to its run.
private final class WatchStream: GRPCClientCallHandler {
    private let run: WatchRun

    init(run: WatchRun) {
        self.run = run
    }

    func receive(_ message: [UInt8], on call: GRPCClientCall) {
        run.receive(message)
    }

    func closed(_ call: GRPCClientCall, status: GRPCStatus, trailers: GRPCMetadata) {
        run.fail("watch stream: \(status)")
    }
}
