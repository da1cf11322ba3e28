// As for decoding: messages that are encoded for every request have concrete entry points.

extension KeyValue {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension KeyValueView {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension InternalRaftRequest {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RaftEntry {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RaftHardState {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RaftMessage {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension LogRecord {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RangeResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RangeStreamResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension PutResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension DeleteRangeResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension TxnResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension WatchResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension WatchEvent {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension HeaderResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension LeaseResponse {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}
