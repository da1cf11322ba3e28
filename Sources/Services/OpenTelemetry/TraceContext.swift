/// The identity of a trace: 16 bytes, not all zero.
package struct TraceID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    /// nil if all bytes are zero.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    private init(nonZeroHigh high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random() -> TraceID {
        TraceID(nonZeroHigh: .random(in: 1 ... .max), low: .random(in: 0 ... .max))
    }
}

/// The identity of a span in its trace: 8 bytes, not all zero.
package struct SpanID: Hashable, Sendable {
    package let value: UInt64

    /// nil for 0.
    package init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    private init(nonZero value: UInt64) { self.value = value }

    package static func random() -> SpanID { SpanID(nonZero: .random(in: 1 ... .max)) }
}

/// The span of a caller, as its request names it (W3C Trace Context, header `traceparent`).
package struct TraceContext: Hashable, Sendable {
    package let traceID: TraceID
    package let spanID: SpanID
    /// Whether the caller records its span.
    package let isSampled: Bool
    /// `tracestate`, which is passed on as it came.
    package var state = ""

    /// Longer states are dropped.
    package static let stateBytesMax = 512

    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Parses `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. Versions above 00 may have
    /// more behind the flags; version ff is invalid.
    ///
    /// - Returns: nil for a malformed text, which is ignored as the standard wants it.
    package init?(parent text: String) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xFF,
            bytes.count == 55 || version > 0 && bytes[55] == dash,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
            let span = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
            let traceID = TraceID(high: high, low: low), let spanID = SpanID(span)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// At most 16 hexadecimal digits in lower case.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            let nibble: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }
}
