/// Encodes the entries of a node as a page.
enum PageImage {
    /// Writes header, element table and data. The memory must be large enough; the rest of it is
    /// unchanged.
    static func write(
        _ entries: ContiguousArray<NodeEntry>.SubSequence, isLeaf: Bool, run: PageRun,
        to base: UnsafeMutableRawPointer
    ) {
        precondition(entries.count < 0xFFFF, "the elements of a page are counted in 16 bits")
        base.storeLittle(run.first.rawValue, at: 0)
        base.storeLittle(isLeaf ? PageLayout.leafFlag : PageLayout.branchFlag, at: 8)
        base.storeLittle(UInt16(entries.count), at: 10)
        base.storeLittle(UInt32(run.count - 1), at: 12)
        var element = PageLayout.headerBytes
        var data = element + entries.count * PageLayout.elementBytes
        for entry in entries {
            let key = entry.key
            let position = UInt32(data - element)
            if isLeaf {
                base.storeLittle(entry.flags, at: element)
                base.storeLittle(position, at: element + 4)
                base.storeLittle(UInt32(key.count), at: element + 8)
                base.storeLittle(UInt32(entry.value.count), at: element + 12)
            } else {
                base.storeLittle(position, at: element)
                base.storeLittle(UInt32(key.count), at: element + 4)
                base.storeLittle(entry.child.rawValue, at: element + 8)
            }
            data += copy(key, to: base + data)
            if isLeaf { data += copy(entry.value, to: base + data) }
            element += PageLayout.elementBytes
        }
    }

    @inline(__always)
    private static func copy(
        _ bytes: UnsafeRawBufferPointer, to destination: UnsafeMutableRawPointer
    ) -> Int {
        if let start = bytes.baseAddress {
            destination.copyMemory(from: start, byteCount: bytes.count)
        }
        return bytes.count
    }
}
