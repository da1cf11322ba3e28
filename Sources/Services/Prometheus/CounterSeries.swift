import Synchronization

/// A counter. Thread-safe without locks or allocations.
package final class CounterSeries: Sendable {
    private let whole = Atomic<Int64>(0)
    private let fraction = AtomicDouble()

    init() {}

    package func increment() {
        whole.wrappingAdd(1, ordering: .relaxed)
    }

    /// Adds a count; negative counts are ignored.
    package func increment(by count: Int64) {
        guard count > 0 else { return }
        whole.wrappingAdd(count, ordering: .relaxed)
    }

    package func increment(by count: Int) {
        increment(by: Int64(count))
    }

    package func increment(by amount: Double) {
        guard amount > 0 else { return }
        fraction.add(amount)
    }

    /// Sets the value of a counter that is maintained elsewhere.
    package func mirror(_ value: Double) {
        whole.store(0, ordering: .relaxed)
        fraction.set(value)
    }

    package func reset() { mirror(0) }

    package var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.value }
}

/// An atomic floating-point number.
struct AtomicDouble: ~Copyable, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func add(_ amount: Double) {
        var expected = bits.load(ordering: .relaxed)
        while true {
            let sum = Double(bitPattern: expected) + amount
            let (exchanged, original) = bits.weakCompareExchange(
                expected: expected, desired: sum.bitPattern, ordering: .relaxed)
            if exchanged { return }
            expected = original
        }
    }
}
