extension BoltReadTransaction {
    /// Copies a piece of the file image of this state: both meta pages describe it, and no freelist
    /// is stored.
    ///
    /// Pieces of any size in any order make up a file of `sizeBytes` that any bbolt opens. Free
    /// pages are copied with their content. Returns the bytes copied, 0 at the end.
    package func readPages(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(offset >= 0, "an offset into a file is not negative")
        let count = min(buffer.count, sizeBytes - offset)
        guard count > 0 else { return 0 }
        let metaBytes = 2 * source.pageSizeBytes
        let fromMeta = max(0, min(count, metaBytes - offset))
        if fromMeta > 0 {
            let image = metaPages()
            buffer.copyBytes(from: image[offset..<(offset + fromMeta)])
        }
        if fromMeta < count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[fromMeta..<count])
            rest.copyMemory(
                from: UnsafeRawBufferPointer(
                    start: source.base + offset + fromMeta, count: rest.count))
        }
        return count
    }

    /// The second page has the previous transaction number, so that readers agree on the newest;
    /// for a state with the number 0 both have it.
    private func metaPages() -> [UInt8] {
        var image = [UInt8](repeating: 0, count: 2 * source.pageSizeBytes)
        image.withMutableBytes { buffer in
            for slot in 0..<2 {
                var record = meta
                record.freelist = .noFreelist
                record.transaction -= min(UInt64(slot), record.transaction)
                let start = slot * source.pageSizeBytes
                let page = buffer[start..<(start + source.pageSizeBytes)]
                record.encode(
                    slot: UInt64(slot), into: UnsafeMutableRawBufferPointer(rebasing: page))
            }
        }
        return image
    }
}
