import OpenTelemetry

/// Parses the header `traceparent`.
package func fuzzTraceContexts(_ input: UnsafeRawBufferPointer) {
    let text = String(decoding: input, as: UTF8.self)
    guard let context = TraceContext(parent: text) else { return }
    precondition(text.utf8.count >= 55, "a context has a version, two identities and flags")
    precondition(context.spanID.value != 0, "an identity is not zero")
    precondition(context.traceID.high | context.traceID.low != 0, "an identity is not zero")
}
