/// A gauge. Thread-safe without locks or allocations.
package final class GaugeSeries: Sendable {
    private let number = AtomicDouble()

    init() {}

    package func set(_ value: Double) { number.set(value) }
    package func set(_ value: Int64) { number.set(Double(value)) }
    package func set(_ flag: Bool) { number.set(flag ? 1 : 0) }
    package func add(_ amount: Double) { number.add(amount) }

    package var value: Double { number.value }
}
