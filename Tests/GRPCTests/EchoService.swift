import GRPC
import HTTP2
import NIOCore
import NIOPosix

/// Counters of the test service, used on the server's only event loop.
final class EchoLog: @unchecked Sendable {  // used on the server's event loop only
    var cancelled = 0
    var timedOut = 0
    var lost = 0
    var finished = 0
    var mostBufferedBytes = 0
    var largestPieces = 0
    var ticks = 0
    private var waiting: [(call: GRPCServerCall, message: [UInt8])] = []

    /// Keeps a call for the batch of this event loop tick.
    func postpone(_ call: GRPCServerCall, _ message: [UInt8]) {
        waiting.append((call, message))
    }

    /// Passes the tick's calls to another thread, which responds to all of them in one batch.
    func completeTick(_ loop: HTTP2Loop) {
        ticks += 1
        guard !waiting.isEmpty else { return }
        let batch = waiting
        waiting = []
        NIOThreadPool.singleton.submit { _ in
            loop.eventLoop.execute {
                loop.performBatch {
                    for (call, message) in batch { call.respond(message) }
                }
            }
        }
    }

    func count(_ reason: GRPCCloseReason) {
        switch reason {
        case .cancelled: cancelled += 1
        case .deadlineExceeded: timedOut += 1
        case .connectionLost: lost += 1
        case .finished, .failed: finished += 1
        }
    }
}

/// Echoes each message immediately; with `hangs`, never responds.
final class EchoHandler: GRPCCallHandler {
    let log: EchoLog
    let hangs: Bool

    init(log: EchoLog, hangs: Bool = false) {
        self.log = log
        self.hangs = hangs
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        if !hangs { call.send(message) }
    }
    func receiveHalfClose(on call: GRPCServerCall) {
        if !hangs { call.finish() }
    }
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) { log.count(reason) }
}

/// Echoes each message. At the first one it pauses receiving twice, and ends the pauses one after the
/// other, with an empty message in between.
final class PausingHandler: GRPCCallHandler {
    private var hasPaused = false

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        call.send(message)
        guard !hasPaused else { return }
        hasPaused = true
        call.pauseReceiving()
        call.pauseReceiving()
        let pause = TimeAmount.milliseconds(20)
        call.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            call.resumeReceiving()
            call.eventLoop.assumeIsolated().scheduleTask(in: pause) {
                call.send([])
                call.resumeReceiving()
            }
        }
    }
    func receiveHalfClose(on call: GRPCServerCall) { call.finish() }
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}

/// Responds with the number of received bytes as text.
final class CountingHandler: GRPCCallHandler {
    private var bytes = 0

    func receive(_ message: [UInt8], on call: GRPCServerCall) { bytes += message.count }
    func receiveHalfClose(on call: GRPCServerCall) { call.respond(Array("\(bytes)".utf8)) }
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}

/// Sends the requested number of messages of 16 KiB, as fast as the client reads.
final class FloodHandler: GRPCCallHandler {
    let log: EchoLog
    private var left = 0
    private var next: UInt8 = 0

    init(log: EchoLog) {
        self.log = log
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {
        left = Int(String(decoding: message, as: UTF8.self)) ?? 0
    }
    func receiveHalfClose(on call: GRPCServerCall) { pump(call) }
    func becameWritable(_ call: GRPCServerCall) { pump(call) }
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) { log.count(reason) }

    private func pump(_ call: GRPCServerCall) {
        while left > 0, call.isWritable {
            call.send([UInt8](repeating: next, count: 16 << 10))
            next &+= 1
            left -= 1
            log.mostBufferedBytes = max(log.mostBufferedBytes, call.bufferedBytes)
        }
        if left == 0, !call.isClosed { call.finish() }
    }
}

/// Generates bytes on demand: byte `i` is `i % 251`.
final class PatternSource: HTTP2BodySource {
    private var position = 0
    private let log: EchoLog

    init(log: EchoLog) {
        self.log = log
    }

    func read(bytesMax: Int, into buffer: inout ByteBuffer) {
        let start = position
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytesMax) { buffer in
            for index in 0..<bytesMax { buffer[index] = UInt8((start + index) % 251) }
            return bytesMax
        }
        position += bytesMax
        log.largestPieces += 1
    }
}

/// The methods of the test service.
func echoMethods(log: EchoLog) -> [GRPCMethod] {
    [
        GRPCMethod(path: "/test.Echo/Unary", unary: { call, message in call.respond(message) }),
        GRPCMethod(
            path: "/test.Echo/Metadata",
            unary: { call, message in
                let name = String(decoding: message, as: UTF8.self)
                call.respond(Array((call.metadata.first(named: name) ?? "none").utf8))
            }),
        GRPCMethod(
            path: "/test.Echo/CommonName",
            unary: { call, _ in
                call.respond(Array((call.identity.certificate?.commonName ?? "none").utf8))
            }),
        GRPCMethod(
            path: "/test.Echo/Fail",
            unary: { call, message in
                let status = GRPCStatus(
                    .failedPrecondition, String(decoding: message, as: UTF8.self))
                call.finish(status, trailers: [("x-detail", "more")])
            }),
        GRPCMethod(
            path: "/test.Echo/Hang",
            unary: { call, _ in
                call.onClosed = { log.count($0) }
            }),
        GRPCMethod(
            path: "/test.Echo/Large",
            unary: { call, message in
                let count = Int(String(decoding: message, as: UTF8.self)) ?? 0
                call.sendLarge(lengthBytes: count, source: PatternSource(log: log))
                call.finish()
            }),
        GRPCMethod(
            path: "/test.Echo/Later",
            unary: { call, message in log.postpone(call, message) }),
        GRPCMethod(
            path: "/test.Echo/Bidi", kind: .bidirectional,
            open: { _ in
                EchoHandler(log: log)
            }),
        GRPCMethod(
            path: "/test.Echo/Pausing", kind: .bidirectional,
            open: { _ in
                PausingHandler()
            }),
        GRPCMethod(
            path: "/test.Echo/HangStream", kind: .bidirectional,
            open: { _ in
                EchoHandler(log: log, hangs: true)
            }),
        GRPCMethod(
            path: "/test.Echo/Count", kind: .clientStreaming,
            open: { _ in
                CountingHandler()
            }),
        GRPCMethod(
            path: "/test.Echo/Flood", kind: .serverStreaming,
            open: { _ in
                FloodHandler(log: log)
            }),
    ]
}
