/// Number of a page in the file: its offset divided by the page size.
struct PageID: RawRepresentable, Hashable, Comparable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(_ value: Int) {
        self.rawValue = UInt64(value)
    }

    /// Means that no freelist is stored.
    static let noFreelist = PageID(rawValue: .max)

    /// No page: for new nodes, and the root of an inline bucket.
    static let none = PageID(rawValue: 0)

    /// The number as an index. Only for pages known to be below a high-water mark.
    var index: Int { Int(rawValue) }

    static func < (left: PageID, right: PageID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Consecutive pages, such as a page with its overflow pages.
struct PageRun: Equatable, Sendable {
    var first: PageID
    var count: Int
}

/// Sizes and offsets of the bbolt format. All numbers are little-endian.
enum PageLayout {
    static let headerBytes = 16
    static let elementBytes = 16
    /// Root page and sequence, in front of an inline page if there is one.
    static let bucketHeaderBytes = 16

    static let branchFlag: UInt16 = 0x01
    static let leafFlag: UInt16 = 0x02
    static let metaFlag: UInt16 = 0x04
    static let freelistFlag: UInt16 = 0x10

    /// Set on a leaf element whose value is a bucket.
    static let bucketElementFlag: UInt32 = 1

    static let keyBytesMax = 32768
    static let valueBytesMax = (1 << 31) - 2

    /// A page is split only if both halves keep two keys.
    static let keysPerPageMin = 2

    /// Deeper trees are treated as circular: with two keys a page this is 2^48 entries.
    static let depthMax = 48

    static let fillPercentDefault = 0.5
    static let fillPercentRange = 0.1...1.0
}
