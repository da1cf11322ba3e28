/// Replaces a file by a copy of itself without free space, in steps, while it is written.
///
/// First the initial state is copied, then changes committed meanwhile are copied in passes until
/// few are left. The last step copies those and swaps the files, so that no commit waits for more
/// than one step. Each step makes its data durable, so that no other synchronization has to write a
/// whole file.
///
/// Readers that began before the swap keep the former file, later ones see the new one. A crash
/// leaves one of the two, complete.
///
/// Writer's thread; no write transaction is open during a step. After an error, or when it is
/// released before its end, the file is unchanged and the copy is removed.
package final class BoltDefragmentation {
    /// The limits of one step.
    package struct Limits: Sendable {
        /// Entries per step.
        package var entriesPerStep = 10_000
        /// Bytes after which a step ends: of keys and values while copying, of pages in a catch-up
        /// pass.
        package var bytesPerStep = 256 << 10
        /// Leaves that the last step may copy.
        package var finalPassLeavesMax = 256
        /// Catch-up passes; after so many the last step copies everything that is left.
        package var passesMax = 8

        package init() {}
    }

    private enum Phase {
        case copying(BoltCompactedCopy)
        case catchingUp(BoltCatchUp)
        case done
    }

    private let bolt: Bolt
    private let temporaryPath: String
    private let fillPercent: Double
    private let limits: Limits
    private var phase: Phase
    /// The state that the copy holds, or will hold at the end of its current pass.
    private var held: BoltReadTransaction

    /// Catch-up passes so far. From the second one on, a pause between steps adds more changes than
    /// it saves.
    package private(set) var passes = 0

    /// Keys and values copied so far; 0 once the initial state is copied.
    package var copiedBytes: Int {
        if case .copying(let copy) = phase { copy.copiedBytes } else { 0 }
    }

    /// Begins with the newest committed state.
    ///
    /// - Parameter temporaryPath: where the copy grows; a file left there by a crash is removed.
    package init(
        of bolt: Bolt, temporaryPath: String, fillPercent: Double = 0.9,
        limits: Limits = Limits()
    ) throws(BoltError) {
        precondition(!bolt.isWriting, "a file is replaced with no write transaction open")
        try bolt.requireHealthy()
        try bolt.removeLeftover(temporaryPath)
        self.bolt = bolt
        self.temporaryPath = temporaryPath
        self.fillPercent = fillPercent
        self.limits = limits
        held = bolt.beginRead()
        phase = .copying(
            try BoltCompactedCopy(
                of: held, disk: bolt.disk, path: temporaryPath, fillPercent: fillPercent))
    }

    deinit {
        held.end()
        guard case .done = phase else { return abandon() }
    }

    /// Runs the next step; true once the new file has replaced the old one.
    package func step() throws(BoltError) -> Bool {
        precondition(!bolt.isWriting, "a file is replaced with no write transaction open")
        do throws(BoltError) {
            return try advance()
        } catch {
            abandon()
            throw error
        }
    }

    private func advance() throws(BoltError) -> Bool {
        switch phase {
        case .copying(let copy):
            let isCopied = try copy.step(
                entriesMax: limits.entriesPerStep, bytesMax: limits.bytesPerStep)
            guard isCopied else { return false }
            return try catchUp(with: copy.takeDestination())
        case .catchingUp(let pass):
            let isCaughtUp = try pass.step(
                entriesMax: limits.entriesPerStep, bytesMax: limits.bytesPerStep)
            guard isCaughtUp else { return false }
            return try catchUp(with: pass.destination)
        case .done: return true
        }
    }

    /// Ends a pass: begins the next one, or finishes if little or nothing is left.
    private func catchUp(with destination: Bolt) throws(BoltError) -> Bool {
        while held.transactionNumber != bolt.transactionNumber {
            let newest = bolt.beginRead()
            let pass = try BoltCatchUp(
                from: held, to: newest, destination: destination, fillPercent: fillPercent)
            held = newest
            passes += 1
            phase = .catchingUp(pass)
            guard pass.leafCount <= limits.finalPassLeavesMax || passes >= limits.passesMax else {
                return false
            }
            let bytesMax = BoltCompactedCopy.sliceBytesMax
            while try !pass.step(entriesMax: limits.entriesPerStep, bytesMax: bytesMax) {}
        }
        phase = .done
        held.end()
        destination.close()
        do throws(BoltError) {
            try bolt.adopt(temporaryPath)
        } catch {
            try? bolt.removeLeftover(temporaryPath)
            throw error
        }
        return true
    }

    /// Drops the copy; a file that cannot be removed is a leftover for the next defragmentation.
    private func abandon() {
        if case .catchingUp(let pass) = phase { pass.destination.close() }
        phase = .done
        try? bolt.removeLeftover(temporaryPath)
    }
}
