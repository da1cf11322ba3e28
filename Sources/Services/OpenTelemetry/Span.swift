/// A value that describes a span.
package enum SpanAttribute: Sendable, Hashable {
    /// Cut to 1 KiB.
    case text(String)
    case number(Int64)
    case flag(Bool)
}

/// One operation of a trace, in the data model of OpenTelemetry. Times are nanoseconds since 1970.
package struct Span: Sendable {
    /// The part that the span has in its trace.
    package enum Kind: UInt64, Sendable {
        case local = 1
        /// Serves a request of another process.
        case server = 2
    }

    /// A point of time in the span.
    package struct Event: Sendable {
        package var name: String
        package var time: UInt64

        package init(name: String, time: UInt64) {
            self.name = name
            self.time = time
        }
    }

    package let traceID: TraceID
    package let id: SpanID
    /// nil for the first span of a trace.
    package let parentID: SpanID?
    package let traceState: String
    package let name: String
    package let kind: Kind
    package let start: UInt64
    package var end: UInt64
    package var attributes: [(name: String, value: SpanAttribute)] = []
    package var events: [Event] = []
    /// The message of a failure; nil without one.
    package var failure: String?

    /// A span in the trace of a caller.
    package init(
        traceID: TraceID, parentID: SpanID?, traceState: String = "", name: String, kind: Kind,
        start: UInt64
    ) {
        self.traceID = traceID
        self.id = .random()
        self.parentID = parentID
        self.traceState = traceState
        self.name = name
        self.kind = kind
        self.start = start
        end = start
    }

    /// A span below this one.
    package func child(_ name: String, start: UInt64) -> Span {
        Span(
            traceID: traceID, parentID: id, traceState: traceState, name: name, kind: .local,
            start: start)
    }
}
