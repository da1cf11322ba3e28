/// Who exports spans.
package struct TraceResource: Sendable {
    /// `service.name`.
    package var serviceName: String
    /// `service.instance.id`; empty: none.
    package var instanceID: String

    package init(serviceName: String, instanceID: String = "") {
        self.serviceName = serviceName
        self.instanceID = instanceID
    }
}

/// The request of opentelemetry.proto.collector.trace.v1.TraceService/Export.
enum ExportRequest {
    static let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    /// The name that etcd's own spans have.
    private static let scope = "go.etcd.io/etcd"
    private static let textBytesMax = 1024

    static func encode(_ spans: [Span], of resource: TraceResource) -> [UInt8] {
        var request = ProtobufBytes()
        request.append(1) { resourceSpans in
            resourceSpans.append(1) { message in
                attribute("service.name", .text(resource.serviceName), 1, &message)
                if !resource.instanceID.isEmpty {
                    attribute("service.instance.id", .text(resource.instanceID), 1, &message)
                }
            }
            resourceSpans.append(2) { scopeSpans in
                scopeSpans.append(1) { $0.append(1, text: scope) }
                for span in spans { scopeSpans.append(2) { encode(span, into: &$0) } }
            }
        }
        return request.bytes
    }

    private static func encode(_ span: Span, into message: inout ProtobufBytes) {
        message.append(
            1, bytes: ProtobufBytes.bigEndian(span.traceID.high, span.traceID.low))
        message.append(2, bytes: ProtobufBytes.bigEndian(span.id.value))
        message.append(3, text: span.traceState)
        if let parent = span.parentID {
            message.append(4, bytes: ProtobufBytes.bigEndian(parent.value))
        }
        message.append(5, text: span.name)
        message.append(6, varint: span.kind.rawValue)
        message.append(7, fixed64: span.start)
        message.append(8, fixed64: max(span.end, span.start))
        for (name, value) in span.attributes { attribute(name, value, 9, &message) }
        for event in span.events {
            message.append(11) { body in
                body.append(1, fixed64: event.time)
                body.append(2, text: event.name)
            }
        }
        if let failure = span.failure {
            message.append(15) { status in
                status.append(2, text: prefix(failure))
                // STATUS_CODE_ERROR
                status.append(3, varint: 2)
            }
        }
        // The trace is sampled.
        message.append(16, fixed32: 1)
    }

    private static func attribute(
        _ name: String, _ value: SpanAttribute, _ field: UInt64, _ message: inout ProtobufBytes
    ) {
        message.append(field) { pair in
            pair.append(1, text: name)
            pair.append(2) { any in
                switch value {
                case .text(let text): any.append(1, bytes: prefix(text).utf8)
                case .flag(let flag): any.append(2, varint: flag ? 1 : 0)
                case .number(let number): any.append(3, varint: UInt64(bitPattern: number))
                }
            }
        }
    }

    /// Cut between two characters.
    private static func prefix(_ text: String) -> String {
        guard text.utf8.count > textBytesMax else { return text }
        let end = text.utf8.index(text.startIndex, offsetBy: textBytesMax)
        return String(text[..<end.samePositionOrBefore(in: text)])
    }
}

extension String.Index {
    fileprivate func samePositionOrBefore(in text: String) -> String.Index {
        var index = self
        while index > text.startIndex, index.samePosition(in: text.unicodeScalars) == nil {
            index = text.utf8.index(before: index)
        }
        return index
    }
}
