internal import Disk

/// The pages of one committed state, read from the mapping and bounded by its high-water mark.
///
/// It retains the mapping.
struct PageSource: Sendable {
    let mapping: any DiskMapping
    /// The same pages without a reference; valid while this source is retained.
    let window: PageWindow

    /// `highWater` pages must lie within the file and the mapping.
    init(mapping: any DiskMapping, pageSizeBytes: Int, highWater: PageID) {
        self.mapping = mapping
        window = PageWindow(
            base: mapping.base, pageSizeBytes: pageSizeBytes, highWater: highWater)
    }

    var pageSizeBytes: Int { window.pageSizeBytes }

    var highWater: PageID { window.highWater }

    var byteCount: Int { highWater.index * pageSizeBytes }

    var base: UnsafeRawPointer { window.base }

    /// A branch or leaf page with its overflow pages.
    @inline(__always)
    func page(_ id: PageID) throws(PageFault) -> PageView { try window.page(id) }

    /// Extent of any page with a valid header: bounds and identity are checked, the type is not.
    @inline(__always)
    func rawRun(_ id: PageID) throws(PageFault) -> PageRun { try window.rawRun(id) }
}

/// The pages of one committed state as plain numbers: a lookup retains nothing.
///
/// Valid while the mapping is retained.
struct PageWindow: @unchecked Sendable {
    // `@unchecked Sendable`: the pages of a committed state are not written while it is read.
    let base: UnsafeRawPointer
    let pageSizeBytes: Int
    let highWater: PageID

    /// The address of a page, regardless of its content; nil beyond the high-water mark.
    @inline(__always)
    func address(of id: PageID) -> UnsafeRawPointer? {
        id < highWater ? base + id.index * pageSizeBytes : nil
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
