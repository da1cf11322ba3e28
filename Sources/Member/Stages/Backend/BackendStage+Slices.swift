import Bolt
import MVCC
import MonotonicClock

/// Compaction and defragmentation, in slices; the write buffer is written in between as usual.
extension BackendStage {
    /// One slice of the compaction, followed by a pause, so that it never occupies the disk for
    /// long: at least the configured one, as in etcd.
    mutating func compact(_ now: MonotonicTime, into effects: inout [BackendEffect]) throws {
        lastProgress = try store.compactionStep()
        if lastProgress != .waiting { waitsSince = nil }
        switch lastProgress {
        case .idle: isCompacting = false
        case .waiting: waitForReaders(now)
        case .removed, .indexed: break
        case .finished(let report):
            effects.append(.apply(.compacted(revision: report.revision)))
            effects.append(.compacted(report))
        }
    }

    /// A reader below the compacted revision blocks the compaction; after too long it loses its
    /// revision.
    mutating func waitForReaders(_ now: MonotonicTime) {
        let since = waitsSince ?? now
        waitsSince = since
        guard now - since >= configuration.pinTimeMax else { return }
        let compacted = store.revisions.compacted
        for pin in store.heldPins where pin.revision < compacted { pin.revoke() }
        waitsSince = nil
    }

    mutating func beginDefragmentation(into effects: inout [BackendEffect]) throws {
        do throws(BoltError) {
            defragmentation = try store.beginDefragmentation()
        } catch {
            endDefragmentation(error, into: &effects)
            // Any later read of the damaged page would fail as well.
            if case .corrupt = error { throw error }
        }
    }

    mutating func defragment(into effects: inout [BackendEffect]) throws {
        guard let running = defragmentation else { return }
        do throws(BoltError) {
            guard try store.defragmentationStep(running) else { return }
            endDefragmentation(nil, into: &effects)
        } catch {
            endDefragmentation(error, into: &effects)
            // Any later read of the damaged page would fail as well.
            if case .corrupt = error { throw error }
        }
    }

    // MARK: Free pages

    /// Free pages are the first that the next commits use, so some of them stay.
    private var freeBytesKept: Int { max(configuration.freeBytesKept, bolt.sizeInUseBytes / 8) }

    /// Begins to return free pages once there are many. A defragmentation replaces the file.
    mutating func planRelease(_ now: MonotonicTime) {
        if case .paused(let end) = release, now >= end { release = .idle }
        guard release == .idle, defragmentation == nil else { return }
        let (kept, held) = (freeBytesKept, bolt.heldFreeBytes)
        let isEnough = { $0 > kept + kept / 4 }
        if isEnough(held) && bolt.canReleaseFreePages
            || isEnough(held + bolt.pendingFreeBytes) && needsCommit
        {
            release = .running
        }
    }

    /// Whether nothing is about to be written whose commit would free pages, and none was made for
    /// that since the last one.
    private var needsCommit: Bool { isQuiet && freedByCommit != bolt.transactionNumber }

    private var isQuiet: Bool { !isCompacting && !store.hasPending }

    /// Not all file systems can make holes: then the file keeps its pages, as etcd's does. After any
    /// other error it is tried again later.
    mutating func releasePages(
        _ now: MonotonicTime, into effects: inout [BackendEffect]
    ) throws {
        guard defragmentation == nil else { return release = .idle }
        do {
            let count = try bolt.releaseFreePages(
                keepingBytes: freeBytesKept, pagesMax: configuration.pagesPerRelease)
            guard count == 0 else { return }
        } catch {
            release =
                error.isUnsupported
                ? .impossible : .paused(until: now + configuration.releaseRetryInterval)
            return effects.append(.releaseFailed(error))
        }
        if needsCommit && bolt.pendingFreeBytes > 0 || isQuiet && bolt.endAwaitsCommit {
            return try freePages(now)
        }
        let hasMoved = try isQuiet && moveEnd(now)
        if !hasMoved, release == .running { release = .idle }
    }

    /// Moves what is in use at the end of the file; false if there is nothing to be moved. The store
    /// reads the pages where they are now: only then they become free where they were.
    private mutating func moveEnd(_ now: MonotonicTime) throws -> Bool {
        do throws(BoltError) {
            guard
                try bolt.moveEnd(
                    keepingBytes: freeBytesKept, pagesMax: configuration.pagesPerMove)
            else { return false }
            try store.publishSnapshot()
            return true
        } catch {
            try pauseRelease(now, after: error)
            return false
        }
    }

    /// On a full disk a commit that is not needed waits: nothing is lost that must be written now.
    private mutating func pauseRelease(_ now: MonotonicTime, after error: BoltError) throws {
        guard case .disk(.full) = error else { throw error }
        guard release != .impossible else { return }
        release = .paused(until: now + configuration.releaseRetryInterval)
    }

    /// Whether the last commits have freed so much that it matters to the quota, and no commit
    /// follows that would make it free.
    var isMuchPending: Bool {
        needsCommit
            && bolt.pendingFreeBytes
                > max(bolt.sizeInUseBytes / 8, configuration.freeBytesKept / 16)
    }

    /// Makes free what the last commits have freed, and the file shorter; the store reads the new
    /// state.
    mutating func freePages(_ now: MonotonicTime) throws {
        do throws(BoltError) {
            try bolt.commitAgain()
            try store.publishSnapshot()
        } catch {
            try pauseRelease(now, after: error)
        }
        freedByCommit = bolt.transactionNumber
    }

    /// After an error the file is unchanged, or the disk is in doubt: then the next commit fails.
    mutating func endDefragmentation(
        _ error: BoltError?, into effects: inout [BackendEffect]
    ) {
        defragmentation = nil
        guard !defragmentations.isEmpty else { return }
        let failure = error.map { "the database cannot be defragmented: \($0)" }
        effects.append(.defragmented(defragmentations.removeFirst().completion, failure: failure))
    }
}

/// Whether free pages of the database are being returned to the file system.
enum PageRelease: Equatable {
    case idle, running
    /// It has failed.
    case paused(until: MonotonicTime)
    /// The file system does not have holes.
    case impossible
}
