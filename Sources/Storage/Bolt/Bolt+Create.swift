internal import Disk

extension Bolt {
    /// Writes the four pages of a new file if it contains nothing else.
    ///
    /// A crash during creation leaves a file with only parts of those pages and zeros for the rest;
    /// nothing was ever committed to it, so it is created again.
    static func createContent(
        disk: any Disk, file: any DiskFile, path: String, configuration: BoltConfiguration
    ) throws(BoltError) {
        let image = newFileImage(pageSizeBytes: configuration.pageSizeBytes)
        do throws(DiskError) {
            let size = try file.size()
            if size > image.count { return }
            var present = [UInt8](repeating: 0, count: size)
            let count = try present.withMutableBytes { buffer throws(DiskError) in
                try file.read(into: buffer, at: 0)
            }
            let kept = present[..<count]
            guard count < image.count || kept[...] != image[...], isPart(kept, of: image) else {
                return
            }
            try image.withBytes { buffer throws(DiskError) in
                try file.write(buffer, at: 0)
            }
            if configuration.syncOnCommit {
                try file.synchronize()
                try disk.synchronizeDirectory(DiskPath.parent(of: path))
            }
        } catch {
            throw .disk(error)
        }
    }

    /// Two meta pages, an empty freelist and an empty root, as in a new bbolt file.
    static func newFileImage(pageSizeBytes: Int) -> [UInt8] {
        var image = [UInt8](repeating: 0, count: 4 * pageSizeBytes)
        image.withMutableBytes { buffer in
            for slot in 0..<2 {
                let meta = MetaRecord(
                    pageSizeBytes: pageSizeBytes, root: PageID(3), sequence: 0,
                    freelist: PageID(2), highWater: PageID(4), transaction: UInt64(slot))
                let range = slot * pageSizeBytes..<(slot + 1) * pageSizeBytes
                meta.encode(
                    slot: UInt64(slot), into: UnsafeMutableRawBufferPointer(rebasing: buffer[range])
                )
            }
            guard let base = buffer.baseAddress else { return }
            (base + 2 * pageSizeBytes).storeLittle(UInt64(2), at: 0)
            (base + 2 * pageSizeBytes).storeLittle(PageLayout.freelistFlag, at: 8)
            (base + 3 * pageSizeBytes).storeLittle(UInt64(3), at: 0)
            (base + 3 * pageSizeBytes).storeLittle(PageLayout.leafFlag, at: 8)
        }
        return image
    }

    /// Whether each sector equals that of the image, or is zero.
    private static func isPart(_ bytes: ArraySlice<UInt8>, of image: [UInt8]) -> Bool {
        let sectorBytes = 512
        var start = 0
        while start < bytes.count {
            let end = min(start + sectorBytes, bytes.count)
            let sector = bytes[start..<end]
            if sector.contains(where: { $0 != 0 }) && sector != image[start..<end] { return false }
            start = end
        }
        return true
    }
}
