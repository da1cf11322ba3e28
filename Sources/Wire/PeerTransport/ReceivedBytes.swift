import EtcdAPI

/// Bytes that came from a stream and are not read yet.
struct ReceivedBytes: Sendable {
    private var bytes: [UInt8] = []
    private var position = 0

    var count: Int { bytes.count - position }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        // What was read is dropped when it is most of the memory, so each byte moves seldom.
        if position == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            position = 0
        } else if position > 65_536, position > bytes.count / 2 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next byte; nil when it has not come.
    mutating func byte() -> UInt8? {
        guard count >= 1 else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// The next big-endian u64; nil when it has not come whole.
    mutating func word() -> UInt64? {
        guard count >= 8 else { return nil }
        var value: UInt64 = 0
        for offset in 0..<8 { value = value << 8 | UInt64(bytes[position + offset]) }
        position += 8
        return value
    }

    /// The next bytes; nil when they have not all come.
    mutating func slice(_ length: Int) -> ArraySlice<UInt8>? {
        guard count >= length else { return nil }
        defer { position += length }
        return bytes[position..<position + length]
    }

    /// All that is left.
    mutating func takeAll() -> [UInt8] {
        defer {
            bytes = []
            position = 0
        }
        return Array(bytes[position...])
    }
}

extension [UInt8] {
    /// Appends a big-endian u64.
    mutating func append(word: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}

/// A length as an Int, if it is within a limit.
func checkedLength(_ announced: UInt64, limitBytes: Int) throws(PeerWireError) -> Int {
    guard announced <= UInt64(limitBytes) else {
        throw .limitExceeded(announcedBytes: announced, limitBytes: limitBytes)
    }
    return Int(announced)
}

/// Reads a whole message.
func decodedMessage(_ bytes: ArraySlice<UInt8>) throws(PeerWireError) -> RaftMessage {
    do throws(WireError) {
        return try RaftMessage(decoding: bytes)
    } catch {
        throw .malformed(error)
    }
}
