/// An answer that is nothing but its header: CompactionResponse, LeaseRevokeResponse and most of
/// the auth and maintenance ones.
package struct HeaderAnswer: WireEncodable, Equatable {
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

/// A LeaseGrantResponse or a LeaseKeepAliveResponse, which begin with the same fields.
package struct LeaseAnswer: WireEncodable, Equatable {
    package var header: ResponseHeader?
    package var id: Int64
    /// Seconds granted; 0 from a keep-alive of a lease that is not there.
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
