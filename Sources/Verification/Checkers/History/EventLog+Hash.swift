package import Identifiers

/// The hash that members compare, computed from the event log.
///
/// CRC-32C (Castagnoli) over `key`, then over name and bytes of each record up to the revision. A
/// record at or below the compaction counts only if a read at the revision returns it; if that read
/// returns nothing, the records that the compaction kept count. A deletion exactly at the
/// compaction never counts.
extension EventLog {
    /// - Parameters:
    ///   - compaction: the compaction taken into account; -1 for none.
    ///   - isOfCompaction: whether a compaction at the revision computed the hash: a deletion
    ///     exactly there then counts as something found.
    package func hash(
        at revision: Revision, compaction: Revision, isOfCompaction: Bool = false
    ) -> UInt32 {
        let isDeletedAtIt = changes(at: revision).contains { $0.change.isDeletion }
        let isEmpty = pairs(.all, at: revision).isEmpty && !(isOfCompaction && isDeletedAtIt)
        let seen = pairs(.all, at: isEmpty ? compaction : revision)
        let kept = Dictionary(uniqueKeysWithValues: seen.map { ($0.key, $0.modified) })
        var checksum = Castagnoli()
        checksum.add(Array("key".utf8))
        guard revision >= 2 else { return checksum.value }
        for main in (2...revision.rawValue).lazy.map({ Revision($0) }) {
            for (sub, logged) in changes(at: main).enumerated() {
                let change = logged.change
                if main <= compaction {
                    guard !change.isDeletion, kept[change.key] == main else { continue }
                }
                checksum.add(Self.name(main, sub, isDeletion: change.isDeletion))
                checksum.add(change.record)
            }
        }
        return checksum.value
    }

    private static func name(_ main: Revision, _ sub: Int, isDeletion: Bool) -> [UInt8] {
        var name = withUnsafeBytes(of: main.rawValue.bigEndian) { [UInt8]($0) }
        name.append(UInt8(ascii: "_"))
        name += withUnsafeBytes(of: Int64(sub).bigEndian) { [UInt8]($0) }
        if isDeletion { name.append(UInt8(ascii: "t")) }
        return name
    }
}

/// CRC-32C, one byte at a time. The checkers have their own so that they share no mistake with the
/// store.
struct Castagnoli {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in
            rest & 1 == 1 ? rest >> 1 ^ 0x82F6_3B78 : rest >> 1
        }
    }

    private var rest: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~rest }

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes {
            rest = rest >> 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)]
        }
    }
}
