package import MonotonicClock
import Synchronization

/// A histogram. Thread-safe; observing takes no lock and does not allocate.
///
/// Each bucket only counts the values between the previous bound and its own; cumulative counts are
/// computed on read.
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

    /// Sets the bucket counts and the sum of a histogram that is maintained elsewhere.
    package func mirror(counts values: [UInt64], sum: Double) {
        precondition(
            values.count == bounds.count + 1, "a histogram has a count per bound and for infinity")
        for (index, value) in values.enumerated() { counts.set(value, at: index) }
        total.set(sum)
    }

    /// Observes a duration in seconds.
    package func observe(_ time: TimeSpan) {
        observe(time.seconds)
    }

    package func reset() {
        counts.reset()
        total.set(0)
    }

    /// The number of values up to each bound, and last up to infinity.
    package var cumulativeCounts: [UInt64] {
        var sum: UInt64 = 0
        return (0...bounds.count).map { index in
            sum &+= counts[index]
            return sum
        }
    }

    package var sum: Double { total.value }
}

/// A fixed array of atomic counters.
///
/// `@unchecked Sendable`: the memory is initialized before the object is shared, and only accessed
/// by atomic operations until it is freed.
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
