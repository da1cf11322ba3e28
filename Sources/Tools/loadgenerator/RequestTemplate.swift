internal import MonotonicClock

/// An encoded request whose keys are filled in for each call.
///
/// All keys have the same size, so only their bytes differ between the requests of a run: a request
/// is a copy of the template with the digits of its keys written over the placeholders.
struct RequestTemplate: Sendable {
    /// The placeholder of a key: its offset, and its distance from the request's first key.
    private struct KeySlot {
        let offset: Int
        let distance: Int
    }

    private let bytes: [UInt8]
    private let keySlots: [KeySlot]
    private let endOffsets: [Int]
    private let timeOffsets: [Int]
    private let keySizeBytes: Int

    /// Placeholder bytes for keys, range ends and timestamps; a request has no other runs of them.
    static let keyMark: UInt8 = 0xF1
    static let endMark: UInt8 = 0xF2
    static let timeMark: UInt8 = 0xF3
    static let timeSizeBytes = 8

    /// - Parameter keyDistances: distances of the keys in `bytes`, in order; missing ones are 0.
    init(bytes: [UInt8], keySizeBytes: Int, keyDistances: [Int] = []) {
        self.bytes = bytes
        self.keySizeBytes = keySizeBytes
        let offsets = Self.runs(of: Self.keyMark, count: keySizeBytes, in: bytes)
        keySlots = offsets.enumerated().map { index, offset in
            KeySlot(
                offset: offset, distance: index < keyDistances.count ? keyDistances[index] : 0)
        }
        endOffsets = Self.runs(of: Self.endMark, count: keySizeBytes, in: bytes)
        timeOffsets = Self.runs(of: Self.timeMark, count: Self.timeSizeBytes, in: bytes)
    }

    /// The request with keys from `key` on, the end of its range, and a timestamp in its value.
    func request(key: Int, end: Int = 0, time: MonotonicTime = .zero) -> [UInt8] {
        var request = bytes
        request.withUnsafeMutableBytes { memory in
            for slot in keySlots { write(key + slot.distance, at: slot.offset, to: memory) }
            for offset in endOffsets { write(end, at: offset, to: memory) }
            for offset in timeOffsets {
                memory.storeBytes(of: time.nanoseconds, toByteOffset: offset, as: Int64.self)
            }
        }
        return request
    }

    private func write(_ key: Int, at offset: Int, to memory: UnsafeMutableRawBufferPointer) {
        var rest = key
        for position in stride(from: offset + keySizeBytes - 1, through: offset, by: -1) {
            memory[position] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    private static func runs(of mark: UInt8, count: Int, in bytes: [UInt8]) -> [Int] {
        var starts: [Int] = []
        var position = 0
        while position + count <= bytes.count {
            if bytes[position..<position + count].allSatisfy({ $0 == mark }) {
                starts.append(position)
                position += count
            } else {
                position += 1
            }
        }
        return starts
    }
}
