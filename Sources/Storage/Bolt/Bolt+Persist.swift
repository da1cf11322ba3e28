internal import Disk

extension Bolt {
    /// Throws if an earlier commit left the disk in an unknown state.
    func requireHealthy() throws(BoltError) {
        if let failure = shared.withLock({ $0.failure }) { throw .failedBefore(failure) }
    }

    /// Writes the pages of a commit and then, once they are durable, its meta page.
    func persist(_ pages: PageWriter, meta: MetaRecord) throws(BoltError) {
        do throws(DiskError) {
            try grow(toPageCount: meta.highWater.index, pageSizeBytes: meta.pageSizeBytes)
            try pages.flush(to: file.content, synchronize: synchronizeCommit)
            try synchronizeCommit()
            try stoppingOnFailure { () throws(DiskError) in try writeMeta(meta) }
            try synchronizeCommit()
        } catch {
            throw .disk(error)
        }
    }

    private func synchronizeCommit() throws(DiskError) {
        if configuration.syncOnCommit { try synchronizeFile() }
    }

    /// Makes all commits durable; needed once after commits without `syncOnCommit`.
    package func synchronize() throws(BoltError) {
        try requireHealthy()
        do throws(DiskError) {
            try synchronizeFile()
        } catch {
            throw .disk(error)
        }
    }

    private func synchronizeFile() throws(DiskError) {
        try stoppingOnFailure { () throws(DiskError) in try file.content.synchronize() }
    }

    /// Runs an operation after whose failure the state of the disk is unknown: then nothing is
    /// committed any more.
    private func stoppingOnFailure(_ work: () throws(DiskError) -> Void) throws(DiskError) {
        do throws(DiskError) {
            try work()
        } catch {
            shared.withLock { $0.failure = error }
            throw error
        }
    }

    /// Makes the commit visible to new readers.
    func publish(_ meta: MetaRecord) {
        let freeCount = freePages.freeCount
        shared.withLock { state in
            state.meta = meta
            state.freeCount = freeCount
        }
    }

    private func writeMeta(_ meta: MetaRecord) throws(DiskError) {
        let slot = meta.transaction % 2
        var page = [UInt8](repeating: 0, count: meta.pageSizeBytes)
        page.withMutableBytes { meta.encode(slot: slot, into: $0) }
        try page.withBytes { buffer throws(DiskError) in
            try file.content.write(buffer, at: Int(slot) * meta.pageSizeBytes)
        }
    }

    /// Extends the file, and the mapping if its reserve is exhausted. Readers keep the old mapping
    /// as long as they need it, so their addresses stay valid. The new size is recorded only once
    /// the mapping covers it: after a failure the next commit tries again.
    private func grow(toPageCount pageCount: Int, pageSizeBytes: Int) throws(DiskError) {
        let needed = pageCount * pageSizeBytes
        guard needed > fileSizeBytes else { return }
        let step = configuration.growthStepBytes / pageSizeBytes * pageSizeBytes
        let size = needed + step
        try file.content.truncate(to: size)
        let present = shared.withLock { $0.mapping }
        if let present, size <= present.reservedBytes {
            if configuration.locksMemory {
                try present.lock(offset: fileSizeBytes, count: size - fileSizeBytes)
            }
        } else {
            let mapping = try file.content.map(reservingBytes: size * 2)
            if configuration.locksMemory { try mapping.lock(offset: 0, count: size) }
            shared.withLock { $0.mapping = mapping }
        }
        fileSizeBytes = size
    }
}
