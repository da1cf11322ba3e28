/// The stored freelist: a count and ascending page numbers.
enum FreelistPage {
    /// A count that does not fit the header is stored before the numbers; the header then has this
    /// value.
    private static let longCount: UInt16 = 0xFFFF

    /// Reads the list; numbers must ascend and be between the meta pages and the high-water mark.
    static func read(_ id: PageID, source: PageSource) throws(PageFault) -> PageBitmap {
        let run = try source.rawRun(id)
        let base = source.base + id.index * source.pageSizeBytes
        let byteCount = run.count * source.pageSizeBytes
        guard base.loadLittle(at: 8, as: UInt16.self) == PageLayout.freelistFlag else {
            throw PageFault(id, .wrongType)
        }
        let shortCount = base.loadLittle(at: 10, as: UInt16.self)
        var count = UInt64(shortCount)
        var start = PageLayout.headerBytes
        if shortCount == longCount {
            count = base.loadLittle(at: start, as: UInt64.self)
            start += 8
        }
        guard count <= UInt64((byteCount - start) / 8) else {
            throw PageFault(id, .elementsOutOfBounds)
        }
        var free = PageBitmap(pageCount: source.highWater.index)
        var previous: UInt64 = 1
        for index in 0..<Int(count) {
            let page = base.loadLittle(at: start + index * 8, as: UInt64.self)
            guard page > previous, page < source.highWater.rawValue else {
                throw PageFault(id, .freelist)
            }
            free.insert(Int(page))
            previous = page
        }
        guard !free.containsAny(of: run) else { throw PageFault(id, .freelist) }
        return free
    }

    /// Pages that a list of `count` numbers takes.
    static func pageCount(_ count: Int, pageSizeBytes: Int) -> Int {
        let extra = count >= Int(longCount) ? 8 : 0
        let bytes = PageLayout.headerBytes + extra + count * 8
        return (bytes + pageSizeBytes - 1) / pageSizeBytes
    }

    /// Writes the list into zeroed pages of the right number.
    static func write(_ numbers: [UInt64], run: PageRun, to base: UnsafeMutableRawPointer) {
        base.storeLittle(run.first.rawValue, at: 0)
        base.storeLittle(PageLayout.freelistFlag, at: 8)
        base.storeLittle(UInt32(run.count - 1), at: 12)
        var offset = PageLayout.headerBytes
        if numbers.count >= Int(longCount) {
            base.storeLittle(longCount, at: 10)
            base.storeLittle(UInt64(numbers.count), at: offset)
            offset += 8
        } else {
            base.storeLittle(UInt16(numbers.count), at: 10)
        }
        for number in numbers {
            base.storeLittle(number, at: offset)
            offset += 8
        }
    }
}
