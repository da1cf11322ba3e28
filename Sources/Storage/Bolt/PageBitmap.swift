/// A set of page numbers, one bit for each page of the file.
struct PageBitmap: Sendable {
    private(set) var words: [UInt64]

    init(pageCount: Int) {
        words = Array(repeating: 0, count: (pageCount + 63) / 64)
    }

    /// Page numbers that fit; querying pages beyond it is allowed, adding them is not.
    var capacity: Int { words.count * 64 }

    mutating func extend(toPageCount pageCount: Int) {
        let missing = (pageCount + 63) / 64 - words.count
        if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
    }

    @inline(__always)
    func contains(_ page: Int) -> Bool {
        page < capacity && words[page / 64] & (1 << UInt64(page % 64)) != 0
    }

    @inline(__always)
    mutating func insert(_ page: Int) {
        words[page / 64] |= 1 << UInt64(page % 64)
    }

    @inline(__always)
    mutating func remove(_ page: Int) {
        words[page / 64] &= ~(1 << UInt64(page % 64))
    }

    mutating func insert(_ run: PageRun) {
        for page in run.first.index..<(run.first.index + run.count) { insert(page) }
    }

    mutating func remove(_ run: PageRun) {
        for page in run.first.index..<(run.first.index + run.count) { remove(page) }
    }

    func containsAny(of run: PageRun) -> Bool {
        for page in run.first.index..<(run.first.index + run.count) where contains(page) {
            return true
        }
        return false
    }

    func count(in run: PageRun) -> Int {
        (run.first.index..<run.first.index + run.count).count { contains($0) }
    }

    /// Adds a run, unless it contains a page of the set: then nothing changes and it returns false.
    mutating func insertNew(_ run: PageRun) -> Bool {
        if containsAny(of: run) { return false }
        insert(run)
        return true
    }

    var count: Int {
        words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// The first page at or after `start` that is in the set; nil when none follows.
    func next(from start: Int) -> Int? {
        var index = start / 64
        guard index < words.count else { return nil }
        var word = words[index] & (~0 << UInt64(start % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }

    /// The first page at or after `start` that is not in the set, at most `capacity`.
    func nextAbsent(from start: Int) -> Int {
        var index = start / 64
        guard index < words.count else { return max(start, capacity) }
        var word = ~words[index] & (~0 << UInt64(start % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return capacity }
            word = ~words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }
}
