internal import Disk

/// The end of the file, where nothing is in use.
///
/// A commit lowers the high-water mark below free pages whose blocks were returned. The file itself
/// becomes shorter when nothing reaches beyond the new mark any more: neither of the meta pages, nor
/// a reader, who may copy all pages of the state that he sees.
extension Bolt {
    /// Whether a commit, even one without changes, would lower the high-water mark, or is what the
    /// file waits for to become shorter. Read it on the writer's thread.
    package var endAwaitsCommit: Bool {
        let meta = shared.withLock { $0.meta }
        return freePages.highWater(cutFrom: meta.highWater) < meta.highWater
            || meta.transaction == loweredAt && excessBytes(meta) > 0
    }

    /// Bytes of the file that `grow` would not have made.
    private func excessBytes(_ meta: MetaRecord) -> Int {
        let excess = fileSizeBytes - sizeWithGrowth(meta.highWater.index, meta.pageSizeBytes)
        return excess > configuration.growthStepBytes ? excess : 0
    }

    /// Cuts off what nothing reaches. A file that stays too long does no harm: the next commit tries
    /// again.
    func shorten() {
        let (meta, firstReader) = shared.withLock { state in
            (state.meta, state.readers.transactions.first)
        }
        let excess = excessBytes(meta)
        guard excess > 0, meta.transaction > loweredAt, firstReader ?? .max >= loweredAt else {
            return
        }
        do {
            try file.content.truncate(to: fileSizeBytes - excess)
            fileSizeBytes -= excess
        } catch {}
    }
}
