/// Replaces a file by a copy of itself without free space, in steps, while it goes on being
/// written.
///
/// First the state it began with is copied, then what was committed meanwhile is brought over,
/// until little is left; the last step does that little and swaps the files, so that no commit
/// waits for more than one step. Each step ends with what it copied on the disk, so that nobody's
/// synchronization has to carry a whole file.
///
/// Readers go on: who began before the swap keeps the former file, who begins afterwards sees the
/// new one. A crash leaves one of the two, complete.
///
/// Writer's thread; no write transaction is open during a step. After an error, or when it is
/// dropped before its end, the file is as it was and the copy is removed.
package final class BoltDefragmentation {
    /// How much one step does.
    package struct Limits: Sendable {
        /// Entries that a step copies.
        package var entriesPerStep = 10_000
        /// Bytes with which a step ends: of keys and values, in a round of pages.
        package var bytesPerStep = 256 << 10
        /// Leaves that the last step may bring over.
        package var lastLeaves = 256
        /// Rounds of catching up; after as many the last step takes what is left, however much.
        package var rounds = 8

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
    /// The state that the copy holds, or will hold at the end of its present round.
    private var held: BoltReadTransaction

    /// Rounds of catching up so far. From the second on a rest between steps lets more come than
    /// it spares.
    package private(set) var rounds = 0

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

    /// Does the next part; true once the new file has taken its place.
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
        case .catchingUp(let round):
            let isLevel = try round.step(
                entriesMax: limits.entriesPerStep, bytesMax: limits.bytesPerStep)
            guard isLevel else { return false }
            return try catchUp(with: round.destination)
        case .done: return true
        }
    }

    /// Ends a round: begins the next, or, with little or nothing left, brings it to an end.
    private func catchUp(with destination: Bolt) throws(BoltError) -> Bool {
        while held.transactionNumber != bolt.transactionNumber {
            let newest = bolt.beginRead()
            let round = try BoltCatchUp(
                from: held, to: newest, destination: destination, fillPercent: fillPercent)
            held = newest
            rounds += 1
            phase = .catchingUp(round)
            guard round.leafCount <= limits.lastLeaves || rounds >= limits.rounds else {
                return false
            }
            let bytesMax = BoltCompactedCopy.sliceBytesMax
            while try !round.step(entriesMax: limits.entriesPerStep, bytesMax: bytesMax) {}
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

    /// Lets go of the copy; a file that cannot be removed is a leftover for the next time.
    private func abandon() {
        if case .catchingUp(let round) = phase { round.destination.close() }
        phase = .done
        try? bolt.removeLeftover(temporaryPath)
    }
}
