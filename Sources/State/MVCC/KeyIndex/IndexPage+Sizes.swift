/// Sizes of pages under other fences.
extension IndexPage {
    /// Bytes of a page's slots and entries under another prefix length.
    func entryBytes(underPrefix prefix: Int) -> Int {
        var total = count * (payloadSizeBytes + Self.slotSizeBytes)
        for index in 0..<count where isLeaf || index > 0 {
            let length = Self.length(slot(index))
            let keyLength =
                length == Self.longKeyMark
                ? Self.inlineKeyMax + 1 : prefixLength + length
            total += Self.restSizeBytes(keyLength: keyLength, prefixLength: prefix)
        }
        return total
    }

    /// Bytes of a page between two fences without slots and entries, and its prefix length.
    static func frame(
        _ lower: UnsafeRawBufferPointer, _ upper: UnsafeRawBufferPointer?
    ) -> (bytes: Int, prefixLength: Int) {
        let bytes = headerSizeBytes + fenceSizeBytes(lower.count)
        guard let upper else { return (bytes, 0) }
        return (bytes + fenceSizeBytes(upper.count), commonPrefixLength(lower, upper))
    }

    /// Bytes that the page would use with all its entries between other fences.
    func usedBytes(
        between lower: UnsafeRawBufferPointer, _ upper: UnsafeRawBufferPointer?
    ) -> Int {
        let frame = Self.frame(lower, upper)
        return frame.bytes + entryBytes(underPrefix: frame.prefixLength)
    }

    /// Bytes that a page would use with all entries of two neighbours.
    static func mergedBytes(_ left: IndexPage, _ right: IndexPage) -> Int {
        let frame = frame(left.lowerFence, right.upperFence)
        let total =
            frame.bytes + left.entryBytes(underPrefix: frame.prefixLength)
            + right.entryBytes(underPrefix: frame.prefixLength)
        guard !left.isLeaf else { return total }
        return total
            + restSizeBytes(
                keyLength: right.lowerFence.count, prefixLength: frame.prefixLength)
    }
}
