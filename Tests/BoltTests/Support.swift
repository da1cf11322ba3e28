import Bolt
import Disk

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

extension Array where Element == UInt8 {
    init(text: String) {
        self.init(text.utf8)
    }

    /// Eight bytes, big-endian, so that numbers sort as keys.
    init(number: Int) {
        self.init((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })
    }
}

extension BoltBucket {
    /// All keys and values, ascending.
    func entries() throws(PageFault) -> [(key: [UInt8], value: [UInt8])] {
        var cursor = cursor()
        var found: [(key: [UInt8], value: [UInt8])] = []
        while let (key, value) = try cursor.next() { found.append((Array(key), Array(value))) }
        return found
    }
}
