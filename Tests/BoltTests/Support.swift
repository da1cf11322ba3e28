import Bolt
import Disk
import Glibc
import Testing

/// SplitMix64: small, seeded, the same everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

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

/// A path in a new directory of this machine's file system.
func temporaryPath() throws -> String {
    var template = Array("/tmp/bolt-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw DiskError.notFound(path: "/tmp") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        + "/db"
}
