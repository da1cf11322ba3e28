import Synchronization

/// All series of one metric.
final class MetricFamily: Sendable {
    /// The value of a series.
    enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
        /// Called on each scrape.
        case callback(@Sendable () -> Double)
    }

    struct Entry: Sendable {
        /// In the order of the description's labels.
        let labelValues: [String]
        let series: Series
    }

    let description: MetricDescription
    let renderedNames: RenderedNames
    /// Sorted by label values, as rendered.
    private let sorted = Mutex<[Entry]>([])

    init(_ description: MetricDescription) {
        self.description = description
        renderedNames = RenderedNames(description)
    }

    /// The current series.
    var entries: [Entry] { sorted.withLock { $0 } }

    /// The series with these label values, created on first use.
    func series(_ labelValues: [String]) -> Series {
        precondition(
            labelValues.count == description.labels.count,
            "metric \(description.name) has labels \(description.labels)")
        return sorted.withLock { entries in
            let position = Self.position(of: labelValues, in: entries)
            if position < entries.count, entries[position].labelValues == labelValues {
                return entries[position].series
            }
            let series = makeSeries()
            entries.insert(Entry(labelValues: labelValues, series: series), at: position)
            return series
        }
    }

    /// Replaces the series with these label values.
    func replace(_ labelValues: [String], with series: Series) {
        sorted.withLock { entries in
            entries.removeAll { $0.labelValues == labelValues }
            let position = Self.position(of: labelValues, in: entries)
            entries.insert(Entry(labelValues: labelValues, series: series), at: position)
        }
    }

    func remove(_ labelValues: [String]) {
        sorted.withLock { $0.removeAll { $0.labelValues == labelValues } }
    }

    /// Replaces all series by one with the value 1 and these label values.
    func replaceAll(with labelValues: [String]) {
        let gauge = GaugeSeries()
        gauge.set(1.0)
        sorted.withLock { $0 = [Entry(labelValues: labelValues, series: .gauge(gauge))] }
    }

    private func makeSeries() -> Series {
        switch description.kind {
        case .counter: .counter(CounterSeries())
        case .gauge: .gauge(GaugeSeries())
        case .histogram: .histogram(HistogramSeries(bounds: description.buckets))
        }
    }

    private static func position(of labelValues: [String], in entries: [Entry]) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].labelValues.lexicographicallyPrecedes(labelValues) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
