package import Disk

extension Bolt {
    /// Opens the file, or creates it when it is missing or empty and writable.
    ///
    /// The freelist is read if the file has one and otherwise rebuilt by walking all trees. Throws
    /// `.disk(.locked)` when another process has the file, `.invalidFile` when no meta page is
    /// valid, `.corrupt` when the walk finds a damaged page.
    package static func open(
        disk: any Disk, path: String, configuration: BoltConfiguration = BoltConfiguration()
    ) throws(BoltError) -> Bolt {
        let file = try openFile(disk: disk, path: path, configuration: configuration)
        do {
            return try open(disk: disk, file: file, path: path, configuration: configuration)
        } catch {
            file.close()
            throw error
        }
    }

    private static func openFile(
        disk: any Disk, path: String, configuration: BoltConfiguration
    ) throws(BoltError) -> BoltFile {
        do {
            return try BoltFile(disk: disk, path: path, readOnly: configuration.readOnly)
        } catch {
            throw .disk(error)
        }
    }

    private static func open(
        disk: any Disk, file: BoltFile, path: String, configuration: BoltConfiguration
    ) throws(BoltError) -> Bolt {
        var reader = MetaReader(file: file.content)
        if !configuration.readOnly {
            try createContent(
                disk: disk, file: file.content, path: path, configuration: configuration)
        }
        let meta = try reader.newest()
        if !configuration.readOnly, configuration.syncOnCommit {
            try makeDurable(reader, disk: disk, path: path)
        }
        let size = reader.fileSizeBytes
        let mapping: any DiskMapping
        do {
            mapping = try file.content.map(
                reservingBytes: max(configuration.initialMapBytes, size * 2),
                atLeast: max(size + configuration.growthStepBytes, 1))
            if configuration.locksMemory { try mapping.lock(offset: 0, count: size) }
        } catch {
            throw .disk(error)
        }
        let source = PageSource(
            mapping: mapping, pageSizeBytes: meta.pageSizeBytes, highWater: meta.highWater)
        let freePages: FreePages
        do {
            freePages = try loadFreePages(meta: meta, source: source, configuration: configuration)
        } catch {
            throw .corrupt(error)
        }
        let state = SharedState(meta: meta, mapping: mapping, freeCount: freePages.freeCount)
        return Bolt(
            disk: disk, file: file, path: path, configuration: configuration, state: state,
            freePages: freePages, fileSizeBytes: size)
    }

    /// Makes durable what was read. A process that was killed may have left its last commit to the
    /// system; after a failed synchronization the system may even take its meta page for written. The
    /// next commit would reuse pages that only the commit before needs.
    private static func makeDurable(
        _ reader: MetaReader, disk: any Disk, path: String
    ) throws(BoltError) {
        do throws(DiskError) {
            try reader.newestBytes.withBytes { buffer throws(DiskError) in
                try reader.file.write(buffer, at: reader.newestOffset)
            }
            try reader.file.synchronize()
            try disk.synchronizeDirectory(DiskPath.parent(of: path))
        } catch {
            throw .disk(error)
        }
    }

    private static func loadFreePages(
        meta: MetaRecord, source: PageSource, configuration: BoltConfiguration
    ) throws(PageFault) -> FreePages {
        let pageCount = meta.highWater.index
        if meta.freelist != .noFreelist {
            let free = try FreelistPage.read(meta.freelist, source: source)
            return FreePages(
                free: free, pageCount: pageCount, transaction: meta.transaction)
        }
        var reachable = ReachablePages(source: source, configuration: configuration)
        try reachable.walk(root: meta.root)
        return FreePages(
            free: reachable.unused(), pageCount: pageCount, transaction: meta.transaction)
    }
}

/// Finds the meta page that describes the newest committed state.
struct MetaReader {
    let file: any DiskFile
    private(set) var fileSizeBytes = 0
    /// The record that `newest` has found, as it is in the file.
    private(set) var newestBytes: [UInt8] = []
    private(set) var newestOffset = 0

    /// A record and where it is.
    private struct Found {
        let meta: MetaRecord
        let bytes: [UInt8]
        let offset: Int
    }

    init(file: any DiskFile) {
        self.file = file
    }

    /// The valid record with the larger transaction number.
    mutating func newest() throws(BoltError) -> MetaRecord {
        fileSizeBytes = try size()
        // Prevents an overflow of later sizes; a sparse file can be as large.
        guard fileSizeBytes < Int.max / 8 else {
            throw .invalidFile(reason: "the file is too large")
        }
        let first = try record(at: 0)
        let second = try secondRecord(pageSizeBytes: first?.meta.pageSizeBytes)
        let candidates = [first, second].compactMap { $0 }
        guard let found = candidates.max(by: { $0.meta.transaction < $1.meta.transaction }) else {
            throw .invalidFile(reason: BoltError.noValidMetaPage)
        }
        (newestBytes, newestOffset) = (found.bytes, found.offset)
        let meta = found.meta
        let pageCount = UInt64(fileSizeBytes / meta.pageSizeBytes)
        guard meta.highWater.rawValue <= pageCount else {
            throw .invalidFile(reason: "the file is shorter than its pages")
        }
        guard meta.root.rawValue >= 2, meta.root < meta.highWater else {
            throw .invalidFile(reason: "the root page lies outside the file")
        }
        // Prevents an overflow of later transaction numbers.
        guard meta.transaction < UInt64.max / 2 else {
            throw .invalidFile(reason: "the transaction number is out of range")
        }
        return meta
    }

    private func size() throws(BoltError) -> Int {
        do {
            return try file.size()
        } catch {
            throw .disk(error)
        }
    }

    /// The second meta page is at offset one page; without the first its size must be guessed.
    private func secondRecord(pageSizeBytes: Int?) throws(BoltError) -> Found? {
        if let pageSizeBytes { return try record(at: pageSizeBytes) }
        var guess = 1024
        while guess <= 65536 {
            if let found = try record(at: guess), found.meta.pageSizeBytes == guess {
                return found
            }
            guess *= 2
        }
        return nil
    }

    private func record(at offset: Int) throws(BoltError) -> Found? {
        var bytes = [UInt8](repeating: 0, count: MetaRecord.extentBytes)
        let file = self.file
        do throws(DiskError) {
            let count = try bytes.withMutableBytes { buffer throws(DiskError) in
                try file.read(into: buffer, at: offset)
            }
            let meta = bytes.withBytes { buffer in
                MetaRecord(page: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            return meta.map { Found(meta: $0, bytes: bytes, offset: offset) }
        } catch {
            throw .disk(error)
        }
    }
}
