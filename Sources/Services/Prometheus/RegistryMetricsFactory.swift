package import CoreMetrics

/// The registry as a swift-metrics backend: labels are metric names, dimensions are labels. Timers
/// record seconds, or milliseconds for names with that suffix. A metric that is not in the catalog
/// is added with a valid name.
package struct RegistryMetricsFactory: MetricsFactory {
    /// Bounds in seconds of histograms that are not in the catalog.
    private static let standardBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private let registry: MetricRegistry

    package init(registry: MetricRegistry) {
        self.registry = registry
    }

    package func makeCounter(
        label: String, dimensions: [(String, String)]
    ) -> any CounterHandler {
        let (name, values) = resolve(label, dimensions, as: .counter)
        return registry.counter(name, labelValues: values)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let (name, values) = resolve(label, dimensions, as: .counter)
        return registry.counter(name, labelValues: values)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let (name, values) = resolve(label, dimensions, as: .gauge)
        return registry.gauge(name, labelValues: values)
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            let (name, values) = resolve(label, dimensions, as: .histogram)
            return registry.histogram(name, labelValues: values)
        }
        let (name, values) = resolve(label, dimensions, as: .gauge)
        return registry.gauge(name, labelValues: values)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let (name, values) = resolve(label, dimensions, as: .histogram)
        let unit: Double = name.hasSuffix("_milliseconds") ? 1e6 : 1e9
        return HistogramTimer(
            series: registry.histogram(name, labelValues: values), nanosecondsPerUnit: unit)
    }

    // Series outlive their handlers: a counter that vanishes would indicate a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// Finds or adds the metric and returns the dimension values in the order of its labels.
    private func resolve(
        _ label: String, _ dimensions: [(String, String)], as kind: MetricKind
    ) -> (name: String, labelValues: [String]) {
        let name = Self.validName(label)
        if registry.description(of: name) == nil {
            registry.register(
                MetricDescription(
                    name, kind, labels: dimensions.map { Self.validName($0.0) },
                    buckets: kind == .histogram ? Self.standardBuckets : [],
                    presence: .onFirstUse, "Reported as \(label)."))
        }
        guard let description = registry.description(of: name) else {
            preconditionFailure("metric \(name) was just registered")
        }
        let values = description.labels.map { label in
            dimensions.first { Self.validName($0.0) == label }?.1 ?? ""
        }
        return (name, values)
    }

    /// Replaces invalid characters: a name has letters, digits, underscores and colons, and does
    /// not start with a digit.
    private static func validName(_ text: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_", ":": name.unicodeScalars.append(scalar)
            case "0"..."9" where !name.isEmpty: name.unicodeScalars.append(scalar)
            default: name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }
}

extension CounterSeries: CounterHandler, FloatingPointCounterHandler {}

extension GaugeSeries: MeterHandler, RecorderHandler {
    package func increment(by amount: Double) { add(amount) }
    package func decrement(by amount: Double) { add(-amount) }
    package func record(_ value: Int64) { set(value) }
    package func record(_ value: Double) { set(value) }
}

extension HistogramSeries: RecorderHandler {
    package func record(_ value: Int64) { observe(Double(value)) }
    package func record(_ value: Double) { observe(value) }
}

/// A timer that records durations in a histogram.
package final class HistogramTimer: TimerHandler {
    private let series: HistogramSeries
    private let nanosecondsPerUnit: Double

    fileprivate init(series: HistogramSeries, nanosecondsPerUnit: Double) {
        self.series = series
        self.nanosecondsPerUnit = nanosecondsPerUnit
    }

    package func recordNanoseconds(_ duration: Int64) {
        series.observe(Double(duration) / nanosecondsPerUnit)
    }

    /// Records a duration several times.
    package func recordNanoseconds(_ duration: Int64, times: Int) {
        series.observe(Double(duration) / nanosecondsPerUnit, times: times)
    }
}
