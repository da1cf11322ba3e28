internal import Disk

/// The pages of one committed state, read from the mapping and bounded by its high-water mark.
///
/// Whoever holds it keeps the mapping alive through it.
struct PageSource: Sendable {
    let mapping: any DiskMapping
    /// `mapping.base`, kept beside it because a lookup asks for it at every page.
    private let address: UInt
    let pageSizeBytes: Int
    let highWater: PageID

    /// `highWater` pages must lie within the file and the mapping.
    init(mapping: any DiskMapping, pageSizeBytes: Int, highWater: PageID) {
        self.mapping = mapping
        self.address = UInt(bitPattern: mapping.base)
        self.pageSizeBytes = pageSizeBytes
        self.highWater = highWater
    }

    var byteCount: Int { highWater.index * pageSizeBytes }

    @inline(__always)
    var base: UnsafeRawPointer {
        // A mapping starts at no null address, so the fallback is never taken.
        UnsafeRawPointer(bitPattern: address) ?? mapping.base
    }

    /// A branch or leaf page with its overflow pages.
    @inline(__always)
    func page(_ id: PageID) throws(PageFault) -> PageView {
        let run = try rawRun(id)
        let start = base + id.index * pageSizeBytes
        return try PageView(base: start, byteCount: run.count * pageSizeBytes, id: id)
    }

    /// Extent of any page with a valid header: bounds and identity are checked, the type is not.
    @inline(__always)
    func rawRun(_ id: PageID) throws(PageFault) -> PageRun {
        guard id.rawValue >= 2 && id < highWater else { throw PageFault(id, .outOfBounds) }
        let start = base + id.index * pageSizeBytes
        guard start.loadLittle(at: 0, as: UInt64.self) == id.rawValue else {
            throw PageFault(id, .wrongIdentity)
        }
        let count = 1 + UInt64(start.loadLittle(at: 12, as: UInt32.self))
        guard count <= highWater.rawValue - id.rawValue else { throw PageFault(id, .outOfBounds) }
        return PageRun(first: id, count: Int(count))
    }
}
