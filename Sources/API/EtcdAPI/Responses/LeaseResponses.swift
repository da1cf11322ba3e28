/// A response with only a header: CompactionResponse, LeaseRevokeResponse and most responses of
/// auth and maintenance.
package struct HeaderResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?

    package init(header: ResponseHeader?) {
        self.header = header
    }

    package var encodedSize: Int {
        if let header { WireSize.message(header, field: 1) } else { 0 }
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
    }
}

/// A LeaseGrantResponse or a LeaseKeepAliveResponse, which start with the same fields.
package struct LeaseResponse: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var id: Int64
    /// Granted seconds; 0 for a keepalive of a missing lease.
    package var ttlSeconds: Int64

    package init(header: ResponseHeader?, id: Int64, ttlSeconds: Int64) {
        self.header = header
        self.id = id
        self.ttlSeconds = ttlSeconds
    }

    package var encodedSize: Int {
        var size = WireSize.int64(id, field: 2) + WireSize.int64(ttlSeconds, field: 3)
        if let header { size += WireSize.message(header, field: 1) }
        return size
    }

    package func encode(into writer: inout WireWriter) {
        if let header { writer.appendMessage(header, field: 1) }
        writer.appendInt64(id, field: 2)
        writer.appendInt64(ttlSeconds, field: 3)
    }
}
