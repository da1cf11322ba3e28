/// Memory that requests of this event loop occupy outside of HTTP/2 connections: it has a share in
/// the same budget.
extension HTTP2Loop {
    /// Counts bytes that are occupied, or with a negative number are free again.
    package func countMemory(bytes: Int) { memory.add(bytes) }

    /// What a single request may occupy: a quarter of the memory that is left, as a connection may.
    package var requestBytesMax: Int { memory.freeBytes / 4 }
}
