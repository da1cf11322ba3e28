import Synchronization

/// How often values fell under each bound. Any thread; no lock, no allocation when observing.
///
/// Each bucket counts only what fell between its bound and the one before; the sums up to a bound
/// are made when the metric is read.
package final class HistogramSeries: Sendable {
    package let bounds: [Double]
    private let counts: BucketCounts
    private let total = AtomicDouble()

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = BucketCounts(count: bounds.count + 1)
    }

    package func observe(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts.increment(index)
        total.add(value)
    }

    /// Observes the same value several times.
    package func observe(_ value: Double, times: Int) {
        guard times > 0 else { return }
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts.add(UInt64(times), to: index)
        total.add(value * Double(times))
    }

    /// Shows a histogram that is kept elsewhere: how many values fell into each bucket.
    package func mirror(counts values: [UInt64], sum: Double) {
        precondition(values.count == bounds.count + 1, "a histogram has its buckets and infinity")
        for (index, value) in values.enumerated() { counts.set(value, at: index) }
        total.set(sum)
    }

    /// Observes a duration in seconds.
    package func observe(nanoseconds: Int64) {
        observe(Double(nanoseconds) / 1e9)
    }

    package func reset() {
        counts.reset()
        total.set(0)
    }

    /// For each bound and last for infinity, how many values were not above it.
    package var cumulativeCounts: [UInt64] {
        var sum: UInt64 = 0
        return (0...bounds.count).map { index in
            sum &+= counts[index]
            return sum
        }
    }

    package var sum: Double { total.value }
}

/// A fixed row of atomic counters.
///
/// `@unchecked Sendable`: the memory is set up before the object is shared, and only atomic
/// operations touch it until it is freed.
private final class BucketCounts: @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(count: Int) {
        self.count = count
        cells = .allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    func increment(_ index: Int) {
        precondition(index >= 0 && index < count, "a bucket index is within the histogram")
        cells[index].wrappingAdd(1, ordering: .relaxed)
    }

    func add(_ amount: UInt64, to index: Int) {
        precondition(index >= 0 && index < count, "a bucket index is within the histogram")
        cells[index].wrappingAdd(amount, ordering: .relaxed)
    }

    func set(_ value: UInt64, at index: Int) {
        precondition(index >= 0 && index < count, "a bucket index is within the histogram")
        cells[index].store(value, ordering: .relaxed)
    }

    func reset() {
        for index in 0..<count { cells[index].store(0, ordering: .relaxed) }
    }

    subscript(index: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "a bucket index is within the histogram")
        return cells[index].load(ordering: .relaxed)
    }
}
