internal import Logging
internal import NIOCore
internal import Synchronization

/// The log lines about connections: few, however often a connection is lost.
final class ConnectionLog: Sendable {
    /// What is logged of an endpoint.
    enum Event: Logger.Message {
        case connected = "connected"
        case lost = "lost a connection"
        case failed = "cannot connect"
        case avoided = "uses other endpoints for a while"
    }

    private struct Source: Hashable {
        let event: Event
        let endpoint: Endpoint
    }

    private let logger: Logger
    private let limits = Mutex<[Source: LogLimit]>([:])

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Logs an event of an endpoint at level info, and beyond the limit at level trace.
    func record(_ event: Event, _ endpoint: Endpoint, _ error: String? = nil) {
        let source = Source(event: event, endpoint: endpoint)
        let decision = limits.withLock { limits in
            limits[source, default: LogLimit()].take(now: .now())
        }
        var metadata: Logger.Metadata = ["etcd.endpoint": "\(endpoint.text)"]
        if let error { metadata["etcd.error"] = "\(error)" }
        switch decision {
        case .omit: logger.trace(event.rawValue, metadata: metadata)
        case .log(let omitted):
            if omitted > 0 { metadata["etcd.omitted"] = "\(omitted)" }
            logger.info(event.rawValue, metadata: metadata)
        }
    }

    /// Forgets endpoints that are no longer used.
    func forget(except endpoints: [Endpoint]) {
        limits.withLock { limits in
            limits = limits.filter { endpoints.contains($0.key.endpoint) }
        }
    }
}

/// Limits the log lines of one event: a few in a minute.
struct LogLimit {
    enum Decision: Equatable {
        case omit
        /// `omitted`: occurrences since the last line.
        case log(omitted: Int)
    }

    private static let interval = TimeAmount.seconds(60)
    private static let linesMax = 5

    private var intervalEnd = NIODeadline.uptimeNanoseconds(0)
    private var lines = 0
    private var omitted = 0

    /// Counts an occurrence, and decides whether it is logged.
    mutating func take(now: NIODeadline) -> Decision {
        if now >= intervalEnd {
            intervalEnd = now + Self.interval
            lines = 0
        }
        guard lines < Self.linesMax else {
            omitted += 1
            return .omit
        }
        lines += 1
        defer { omitted = 0 }
        return .log(omitted: omitted)
    }
}
