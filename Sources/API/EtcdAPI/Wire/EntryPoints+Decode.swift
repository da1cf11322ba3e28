// Other modules see the protocol's `init(decoding:)` only as a generic function that looks
// everything up when it runs, several times slower than the decoding itself: package declarations
// are not inlined across modules. So the messages of the hot path have entry points of their own,
// which the compiler makes from the generic ones within this module.

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
