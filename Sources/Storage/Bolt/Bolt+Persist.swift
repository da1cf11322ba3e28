internal import Disk
internal import Synchronization

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
            if meta.highWater < state.meta.highWater { loweredAt = meta.transaction }
            if meta.highWater != state.meta.highWater { endMove.markChanged() }
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

    /// Extends the file, and the mapping before its reserve is exhausted. Readers keep the old
    /// mapping as long as they need it, so their addresses stay valid. The new size is recorded
    /// only once the mapping covers it: after a failure the next commit tries again.
    private func grow(toPageCount pageCount: Int, pageSizeBytes: Int) throws(DiskError) {
        guard pageCount * pageSizeBytes > fileSizeBytes else { return }
        let size = sizeWithGrowth(pageCount, pageSizeBytes)
        try file.content.truncate(to: size)
        guard let present = shared.withLock({ $0.mapping }) else {
            preconditionFailure("a closed file does not grow")
        }
        if Self.isAmple(present, forBytes: size) {
            try lockGrowth(of: present, to: size)
        } else {
            try replace(present, forBytes: size)
        }
        fileSizeBytes = size
    }

    /// Bytes of a file of so many pages, and of the step that it has grown by.
    func sizeWithGrowth(_ pageCount: Int, _ pageSizeBytes: Int) -> Int {
        (pageCount + configuration.growthStepBytes / pageSizeBytes) * pageSizeBytes
    }

    /// Whether an eighth of a mapping's reserve is beyond this size.
    private static func isAmple(_ mapping: any DiskMapping, forBytes size: Int) -> Bool {
        size <= mapping.reservedBytes / 8 * 7
    }

    private func lockGrowth(of mapping: any DiskMapping, to size: Int) throws(DiskError) {
        guard configuration.locksMemory else { return }
        try mapping.lock(offset: fileSizeBytes, count: size - fileSizeBytes)
    }

    /// Reserves more address space. Without it the present mapping is used up to its end, and
    /// `hasCapacity` reports that little is left.
    private func replace(_ present: any DiskMapping, forBytes size: Int) throws(DiskError) {
        let mapping: any DiskMapping
        do {
            mapping = try file.content.map(reservingBytes: size * 2, atLeast: size / 7 * 8 + 7)
        } catch {
            guard size <= present.reservedBytes else { throw error }
            isReserveLimited.store(true, ordering: .relaxed)
            return try lockGrowth(of: present, to: size)
        }
        if configuration.locksMemory { try mapping.lock(offset: 0, count: size) }
        isReserveLimited.store(false, ordering: .relaxed)
        shared.withLock { $0.mapping = mapping }
    }
}
