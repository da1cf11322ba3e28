/// One file of a `MemoryDisk`: the current content, the content after a power failure, and the
/// changes between the two.
///
/// Invariant: applying all of `unsynced` in order to `durable` gives `live`, unless a `synchronize`
/// has failed, which leaves `durable` permanently outdated (like a kernel that dropped dirty
/// pages).
final class MemoryFileNode {
    /// A change that is not durable yet.
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case resize(Int)
        case zero(Range<Int>)
    }

    private(set) var live: SparseBytes
    private(set) var durable: SparseBytes
    private(set) var unsynced: [Change] = []

    /// The handle that holds the advisory lock.
    weak var lockHolder: MemoryDiskFile?

    /// Mappings that later changes are applied to.
    private var mappings: [WeakMapping] = []

    private struct WeakMapping {
        weak var mapping: MemoryDiskMapping?
    }

    init(content: SparseBytes = SparseBytes()) {
        live = content
        durable = content
    }

    /// Applies a change to the current content and records it as not durable.
    func apply(_ change: Change) {
        let sizeBefore = live.count
        change.apply(to: &live)
        unsynced.append(change)
        mappings.removeAll { $0.mapping == nil }
        for entry in mappings {
            entry.mapping?.apply(change, sizeBefore: sizeBefore)
        }
    }

    func add(_ mapping: MemoryDiskMapping) {
        mapping.load(live)
        mappings.append(WeakMapping(mapping: mapping))
    }

    /// Makes all changes durable.
    func synchronize() {
        for change in unsynced { change.apply(to: &durable) }
        unsynced.removeAll(keepingCapacity: true)
    }

    /// A failed fdatasync: a random part is durable, and the rest is never made durable later.
    func failSynchronize(_ generator: inout SeededGenerator) {
        durable = contentAfterCrash(&generator)
        unsynced.removeAll()
    }

    /// Damages one bit, in the current and in the durable content.
    func flipBit(_ bit: Int, at offset: Int) {
        var byte: UInt8 = 0
        _ = withUnsafeMutableBytes(of: &byte) { live.read(into: $0, at: offset) }
        byte ^= 1 << UInt8(bit & 7)
        withUnsafeBytes(of: byte) {
            live.write($0, at: offset)
            if offset < durable.count { durable.write($0, at: offset) }
        }
        let change = Change.write(offset: offset, bytes: [byte])
        for entry in mappings { entry.mapping?.apply(change, sizeBefore: live.count) }
    }

    /// The content after a power failure now: the durable content with a random part of the later
    /// changes. The size is that after some of the changes, in order. Each sector of 512 bytes is
    /// independent, and holds its content after some of the changes: a later change of a sector
    /// never survives without the earlier ones of the same sector.
    func contentAfterCrash(_ generator: inout SeededGenerator) -> SparseBytes {
        var content = durable
        let sizedChanges = generator.survivors(of: unsynced.count)
        let sectors = SectorSurvival(seed: generator.next(), changes: unsynced.count)
        for (position, change) in unsynced.enumerated() {
            change.apply(
                to: &content, mayResize: position < sizedChanges,
                sectorSurvives: { sector in position < sectors.survivors(of: sector) })
        }
        return content
    }

    /// Determines for each sector, by its number and the seed, how many changes reached it.
    private struct SectorSurvival {
        let seed: UInt64
        let changes: Int

        func survivors(of sector: Int) -> Int {
            var generator = SeededGenerator(seed: seed ^ UInt64(sector))
            return generator.survivors(of: changes)
        }
    }
}

extension MemoryFileNode.Change {
    private static let sectorBytes = 512

    func apply(to content: inout SparseBytes) {
        switch self {
        case .write(let offset, let bytes): bytes.withUnsafeBytes { content.write($0, at: offset) }
        case .resize(let size): content.resize(to: size)
        case .zero(let range): content.zero(range)
        }
    }

    /// Applies the change to the sectors that it reached, and its size if that survived.
    fileprivate func apply(
        to content: inout SparseBytes, mayResize: Bool, sectorSurvives: (Int) -> Bool
    ) {
        switch self {
        case .resize(let size):
            if mayResize { content.resize(to: size) }
        case .zero(let range):
            Self.forEachSector(from: range.lowerBound, count: range.count) { sector, part in
                if sectorSurvives(sector) {
                    let start = range.lowerBound + part.lowerBound
                    content.zero(start..<start + part.count)
                }
            }
        case .write(let offset, let bytes):
            if mayResize, offset + bytes.count > content.count {
                content.resize(to: offset + bytes.count)
            }
            let visible = min(bytes.count, content.count - offset)
            if visible <= 0 { return }
            bytes.withUnsafeBytes { buffer in
                Self.forEachSector(from: offset, count: visible) { sector, part in
                    if !sectorSurvives(sector) { return }
                    content.write(.init(rebasing: buffer[part]), at: offset + part.lowerBound)
                }
            }
        }
    }

    /// Calls `body` with each sector's number and its part of the range, counted from `offset`.
    private static func forEachSector(
        from offset: Int, count: Int, _ body: (Int, Range<Int>) -> Void
    ) {
        var start = 0
        while start < count {
            let length = min(sectorBytes - (offset + start) % sectorBytes, count - start)
            body((offset + start) / sectorBytes, start..<start + length)
            start += length
        }
    }
}

extension SeededGenerator {
    /// How many of the first `count` ordered changes survive; none and all are as likely as the
    /// rest together.
    mutating func survivors(of count: Int) -> Int {
        switch Int.random(in: 0..<4, using: &self) {
        case 0: return 0
        case 1: return count
        default: return Int.random(in: 0...count, using: &self)
        }
    }
}
