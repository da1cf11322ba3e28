#if Tracing
    internal import Tracing

    /// The span of one unary call, repetitions included, for the tracer of the process or of the
    /// task. Names and attributes are OpenTelemetry's for gRPC clients.
    struct CallSpan: Sendable {
        private let tracer: any Tracer
        private let span: any Span

        init(_ method: Method) {
            let path = method.path.dropFirst()
            let parts = path.split(separator: "/")
            tracer = InstrumentationSystem.tracer
            span = tracer.startSpan(String(path), ofKind: .client)
            span.attributes["rpc.system"] = "grpc"
            span.attributes["rpc.service"] = parts.first.map(String.init)
            span.attributes["rpc.method"] = parts.last.map(String.init)
        }

        func inject(into metadata: inout [(String, String)]) {
            tracer.inject(span.context, into: &metadata, using: MetadataInjector())
        }

        func repeated(after error: EtcdClientError) {
            span.addEvent(SpanEvent(name: "repeated", attributes: ["error": "\(error)"]))
        }

        func end(_ error: EtcdClientError?) {
            span.attributes["rpc.grpc.status_code"] = error?.code.rawValue ?? 0
            if let error {
                span.recordError(error)
                span.setStatus(SpanStatus(code: .error))
            }
            span.end()
        }
    }

    /// Writes the context of a trace into the metadata of a call.
    struct MetadataInjector: Injector {
        func inject(_ value: String, forKey key: String, into metadata: inout [(String, String)]) {
            metadata.append((key.lowercased(), value))
        }
    }
#endif
