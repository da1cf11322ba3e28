package import EtcdAPI

/// A response of a member's watch, as far as the proxy reads it; its bytes are passed on.
package struct WatchFrame {
    let bytes: [UInt8]
    /// The header field with its tag; empty without one.
    private(set) var header: ArraySlice<UInt8> = []
    private(set) var revision: Int64 = 0
    private(set) var isCreated = false
    private(set) var isCanceled = false
    private(set) var cancelReason = ""
    package private(set) var eventCount = 0
    /// Revisions of the events.
    package private(set) var firstRevision = Int64.max
    package private(set) var lastRevision: Int64 = 0

    private static let eventField: UInt32 = 11

    package init(_ bytes: [UInt8]) throws(WireError) {
        self.bytes = bytes
        var fields = WireFields(bytes[...])
        while let field = try fields.next() {
            switch field.number {
            case 1:
                guard let content = field.bytes else { continue }
                header = field.whole
                revision = try ResponseHeader(decoding: content).revision
            case 3: isCreated = field.varint == 1
            case 4: isCanceled = field.varint == 1
            case 6: cancelReason = String(decoding: field.bytes ?? [], as: UTF8.self)
            case Self.eventField:
                guard let event = field.bytes else { continue }
                let revision = try Self.revision(of: event)
                eventCount += 1
                firstRevision = min(firstRevision, revision)
                lastRevision = max(lastRevision, revision)
            default: break
            }
        }
    }

    private static func revision(of event: ArraySlice<UInt8>) throws(WireError) -> Int64 {
        var fields = WireFields(event)
        while let field = try fields.next() {
            guard field.number == 2, let pair = field.bytes else { continue }
            return try KeyValue(decoding: pair).modRevision
        }
        return 0
    }

    /// The bytes with only the events from a revision on; the second value is their number.
    package func events(from revision: Int64) throws(WireError) -> ([UInt8], Int) {
        var output: [UInt8] = []
        var count = 0
        var fields = WireFields(bytes[...])
        while let field = try fields.next() {
            if field.number == Self.eventField, let event = field.bytes {
                guard try Self.revision(of: event) >= revision else { continue }
                count += 1
            }
            output += field.whole
        }
        return (output, count)
    }
}
