// The same as for decoding: what is encoded for each request does not go through a generic
// function of another module.

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

extension RangeAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension RangeStreamAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension PutAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension DeleteRangeAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension TxnAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension WatchAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension WatchEvent {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension HeaderAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}

extension LeaseAnswer {
    /// The encoding in an array of exactly its size.
    package func encoded() -> [UInt8] { WireWriter.bytes(of: self) }
}
