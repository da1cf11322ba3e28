internal import Disk
internal import Synchronization

extension Bolt {
    /// Replaces the file by a copy of itself without free space, in one call. Writer's thread, with
    /// no write transaction open; `BoltDefragmentation` does it in steps.
    ///
    /// Existing readers keep the former file, new readers see the new one. A crash leaves one of
    /// the two, complete.
    ///
    /// - Parameter temporaryPath: where the copy grows; a file left there by a crash is removed.
    package func defragment(temporaryPath: String, fillPercent: Double = 0.9) throws(BoltError) {
        var limits = BoltDefragmentation.Limits()
        limits.bytesPerStep = BoltCompactedCopy.sliceBytesMax
        let defragmentation = try BoltDefragmentation(
            of: self, temporaryPath: temporaryPath, fillPercent: fillPercent, limits: limits)
        while try !defragmentation.step() {}
    }

    /// Replaces the content by that of another file, which is complete and durable, and renames it
    /// to this one's path. Writer's thread, with no write transaction open.
    ///
    /// Readers continue as with `defragment`. When it throws `.disk` after the rename, nothing more
    /// can be written.
    package func replace(byFileAt otherPath: String) throws(BoltError) {
        precondition(!isWriting, "a file is replaced with no write transaction open")
        try requireHealthy()
        guard disk.exists(otherPath) else { throw .disk(.notFound(path: otherPath)) }
        try adopt(otherPath)
    }

    /// Opens another file with the configuration of this one, for example to inspect it before
    /// `replace`.
    package func openOther(at otherPath: String) throws(BoltError) -> Bolt {
        guard disk.exists(otherPath) else { throw .disk(.notFound(path: otherPath)) }
        var configuration = configuration
        configuration.locksMemory = false
        return try Bolt.open(disk: disk, path: otherPath, configuration: configuration)
    }

    /// Replaces the current file by a complete and durable one.
    func adopt(_ copyPath: String) throws(BoltError) {
        let copy = try Bolt.open(disk: disk, path: copyPath, configuration: configuration)
        do throws(DiskError) {
            try disk.rename(copyPath, to: path)
            try disk.synchronizeDirectory(DiskPath.parent(of: path))
        } catch {
            copy.close()
            shared.withLock { $0.failure = error }
            throw .disk(error)
        }
        let former = file
        file = copy.file
        freePages = copy.freePages
        fileSizeBytes = copy.fileSizeBytes
        loweredAt = copy.loweredAt
        endMove = EndMove()
        let (meta, mapping, freeCount) = copy.shared.withLock { state in
            (state.meta, state.mapping, state.freeCount)
        }
        shared.withLock { state in
            state.meta = meta
            state.mapping = mapping
            state.freeCount = freeCount
            state.readers = ReaderTable()
            state.replacements += 1
        }
        isReserveLimited.store(
            copy.isReserveLimited.load(ordering: .relaxed), ordering: .relaxed)
        former.close()
    }

    func removeLeftover(_ path: String) throws(BoltError) {
        guard disk.exists(path) else { return }
        do throws(DiskError) {
            try disk.remove(path)
        } catch {
            throw .disk(error)
        }
    }
}
