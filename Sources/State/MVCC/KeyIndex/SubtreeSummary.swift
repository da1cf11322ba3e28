import Identifiers

/// The summary of a subtree in its inner entry.
struct SubtreeSummary: Equatable {
    /// Live keys.
    var liveCount: UInt32 = 0
    /// No record in the subtree is newer than this; reads at or above it see only newest records.
    var newestMain: Revision = 0

    init() {}

    /// Reads the summary of an inner entry's payload.
    @inline(__always)
    init(loadingFrom payload: UnsafeRawPointer) {
        liveCount = payload.loadUnaligned(
            fromByteOffset: InnerEntry.liveCountOffset, as: UInt32.self)
        newestMain = Revision(
            payload.loadUnaligned(fromByteOffset: InnerEntry.newestMainOffset, as: Int64.self))
    }

    /// Writes the summary to an inner entry's payload.
    @inline(__always)
    func store(to payload: UnsafeMutableRawPointer) {
        payload.storeBytes(of: liveCount, toByteOffset: InnerEntry.liveCountOffset, as: UInt32.self)
        payload.storeBytes(
            of: newestMain.rawValue, toByteOffset: InnerEntry.newestMainOffset, as: Int64.self)
    }
}

extension IndexPage {
    /// The summary of the page and its subtree.
    var summary: SubtreeSummary {
        var total = SubtreeSummary()
        if isLeaf { total.liveCount = UInt32(count - tombstoneCount) }
        for index in 0..<count {
            let payload = payload(index)
            if isLeaf {
                total.newestMain = max(total.newestMain, PackedRecord.main(at: payload))
            } else {
                let below = SubtreeSummary(loadingFrom: payload)
                total.liveCount += below.liveCount
                total.newestMain = max(total.newestMain, below.newestMain)
            }
        }
        return total
    }
}
