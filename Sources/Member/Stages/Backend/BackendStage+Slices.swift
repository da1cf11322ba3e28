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
