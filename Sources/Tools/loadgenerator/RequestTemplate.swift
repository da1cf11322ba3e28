/// One encoded request whose keys are filled in for each call.
///
/// All keys have the same size, so only their bytes differ between the requests of a run: a
/// request is a copy of the template with the digits of its keys written over the places.
struct RequestTemplate: Sendable {
    /// A place for a key: where it is, and how far its number is behind the request's first key.
    private struct KeyPlace {
        let offset: Int
        let distance: Int
    }

    private let bytes: [UInt8]
    private let keyPlaces: [KeyPlace]
    private let endOffsets: [Int]
    private let timeOffsets: [Int]
    private let keySizeBytes: Int

    /// Bytes that stand in the template where keys, ends of ranges and times come; no request has
    /// runs of them.
    static let keyMark: UInt8 = 0xF1
    static let endMark: UInt8 = 0xF2
    static let timeMark: UInt8 = 0xF3
    static let timeSizeBytes = 8

    /// - Parameter keyDistances: of the keys in `bytes`, in their order; missing ones are 0.
    init(bytes: [UInt8], keySizeBytes: Int, keyDistances: [Int] = []) {
        self.bytes = bytes
        self.keySizeBytes = keySizeBytes
        let offsets = Self.runs(of: Self.keyMark, count: keySizeBytes, in: bytes)
        keyPlaces = offsets.enumerated().map { index, offset in
            KeyPlace(
                offset: offset, distance: index < keyDistances.count ? keyDistances[index] : 0)
        }
        endOffsets = Self.runs(of: Self.endMark, count: keySizeBytes, in: bytes)
        timeOffsets = Self.runs(of: Self.timeMark, count: Self.timeSizeBytes, in: bytes)
    }

    /// The request with its keys from `key` on, the key behind its range, and a time in the value.
    func request(key: Int, end: Int = 0, nanoseconds: UInt64 = 0) -> [UInt8] {
        var request = bytes
        request.withUnsafeMutableBytes { memory in
            for place in keyPlaces { write(key + place.distance, at: place.offset, to: memory) }
            for offset in endOffsets { write(end, at: offset, to: memory) }
            for offset in timeOffsets {
                memory.storeBytes(of: nanoseconds, toByteOffset: offset, as: UInt64.self)
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
