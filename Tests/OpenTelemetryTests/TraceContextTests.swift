import Testing

@testable import OpenTelemetry

@Suite("The trace of a caller")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test func aParentIsParsed() throws {
        let context = try #require(TraceContext(parent: "00-\(Self.trace)-\(Self.span)-01"))
        #expect(context.traceID == TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736))
        #expect(context.spanID == SpanID(0x00f0_67aa_0ba9_02b7))
        #expect(context.isSampled)
        let other = try #require(TraceContext(parent: "00-\(Self.trace)-\(Self.span)-02"))
        #expect(!other.isSampled)
    }

    @Test func aLaterVersionMayHaveMore() {
        #expect(TraceContext(parent: "01-\(Self.trace)-\(Self.span)-01-more") != nil)
        #expect(TraceContext(parent: "01-\(Self.trace)-\(Self.span)-01more") == nil)
        #expect(TraceContext(parent: "00-\(Self.trace)-\(Self.span)-01-more") == nil)
    }

    @Test(arguments: [
        "", "00", "ff-\(trace)-\(span)-01", "0g-\(trace)-\(span)-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span)-0", "00_\(trace)-\(span)-01",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-\(span)-\(trace)-01",
    ])
    func malformedParentIsIgnored(text: String) {
        #expect(TraceContext(parent: text) == nil)
    }

    @Test func partOfTheTracesIsSampled() {
        let ids = (0..<4000).map { _ in TraceID.random() }
        func count(_ perMillion: Int) -> Int {
            ids.count(where: TraceSampler(perMillion: perMillion).samples)
        }
        #expect(count(0) == 0)
        #expect(count(1_000_000) == ids.count)
        #expect((1600...2400).contains(count(500_000)))
        // A larger ratio samples all traces that a smaller one samples.
        let few = TraceSampler(perMillion: 100_000)
        let many = TraceSampler(perMillion: 200_000)
        #expect(ids.filter(few.samples).allSatisfy(many.samples))
    }

    @Test func aTraceIsRecordedAsItsCallerDecides() {
        let queue = SpanQueue()
        let never = TraceRecorder(sampler: TraceSampler(perMillion: 0), queue: queue)
        let always = TraceRecorder(sampler: TraceSampler(perMillion: 1_000_000), queue: queue)
        let sampled = TraceContext(parent: "00-\(Self.trace)-\(Self.span)-01")
        let unsampled = TraceContext(parent: "00-\(Self.trace)-\(Self.span)-00")
        let span = never.serverSpan("a", parent: sampled)
        #expect(span?.traceID == sampled?.traceID && span?.parentID == sampled?.spanID)
        #expect(always.serverSpan("a", parent: unsampled) == nil)
        #expect(never.serverSpan("a", parent: nil) == nil)
        #expect(always.serverSpan("a", parent: nil)?.parentID == nil)
    }

    @Test func theQueueIsBounded() {
        let queue = SpanQueue(spansMax: 3)
        let span = Span(traceID: .random(), parentID: nil, name: "a", kind: .server, start: 1)
        queue.append([span, span])
        queue.append([span, span])
        #expect(queue.count == 3)
        #expect(queue.take(2).count == 2 && queue.take(2).count == 1 && queue.take(2).isEmpty)
    }

    @Test func aLongAttributeIsCutBetweenCharacters() {
        var span = Span(traceID: .random(), parentID: nil, name: "a", kind: .local, start: 1)
        span.attributes = [("key", .text(String(repeating: "ä", count: 100_000) + "b"))]
        span.attributes.append(("odd", .text("x" + String(repeating: "€", count: 100_000))))
        let request = ExportRequest.encode([span], of: TraceResource(serviceName: "etcd"))
        #expect(request.count < 2500)
        #expect(!String(decoding: request, as: UTF8.self).contains("ä\u{FFFD}"))
    }
}
