// Package declarations are not specialized across modules, so other modules would call the
// protocol's generic `init(decoding:)` through witness tables, several times slower than the
// decoding itself. The messages of the hot path therefore have concrete entry points, specialized
// within this module.

extension KeyValue {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension RangeRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension PutRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension DeleteRangeRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension TxnRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension LeaseKeepAliveRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension WatchRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension InternalRaftRequest {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension RaftEntry {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension RaftHardState {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension RaftMessage {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}

extension LogRecord {
    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }

    /// Decodes a message whose byte fields are slices of `bytes`.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        try self.init(decoding: bytes[...])
    }

    /// Decodes a message whose byte fields are copies.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        try Self.read(bytes, into: &self)
    }
}
