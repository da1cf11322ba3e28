/// Judges that no lease ends before its time: a member that renewed it has promised that time.
///
/// Only ends that nobody asked for are judged, and only while clocks keep to their drift.
struct LeaseKeeping {
    private struct Promise {
        var until: Nanoseconds
    }

    private var promises: [Int64: Promise] = [:]
    /// Leases that a client has asked to revoke: they may end at any time.
    private var unwanted: Set<Int64> = []

    /// How much faster than true time a leader's clock may run.
    private let driftMillionths: Int64
    /// Clocks show whole milliseconds.
    private static let rounding = 2 * Nanoseconds.millisecond

    /// When the clock of a member that ends leases jumped last: what was promised before is void.
    private var jumpedAt: Nanoseconds = -1

    init(driftMillionths: Int) { self.driftMillionths = Int64(driftMillionths) }

    /// A lease was granted or renewed for so many seconds, by a request that was sent at `time`.
    mutating func promise(_ lease: Int64, seconds: Int64, from time: Nanoseconds) {
        guard time > jumpedAt else { return }
        let life = seconds * .second
        let until = time + life - life / 1_000_000 * driftMillionths - Self.rounding
        promises[lease] = Promise(until: max(until, promises[lease]?.until ?? 0))
    }

    mutating func clockJumped(at now: Nanoseconds) {
        jumpedAt = now
        promises.removeAll()
    }

    mutating func renounce(_ lease: Int64) { unwanted.insert(lease) }

    /// The end of a lease is applied.
    mutating func end(_ lease: Int64, at now: Nanoseconds) throws {
        guard let promise = promises.removeValue(forKey: lease), !unwanted.contains(lease),
            now < promise.until
        else { return }
        let early = (promise.until - now) / .millisecond
        throw SimulationFailure("lease \(lease) ends \(early) ms too early")
    }
}
