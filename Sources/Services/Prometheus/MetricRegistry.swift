import Synchronization

/// The metrics of a server: created from the catalog, updated on any thread, read by scrapes.
///
/// Find a series once and keep it: the lookup takes a lock, an update does not. A lookup with
/// the wrong kind or the wrong number of labels is a programming error.
package final class MetricRegistry: Sendable {
    /// Content type of the rendered metrics.
    package static let contentType =
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

    /// Whether the metrics of `--metrics=extensive` are included.
    package let isExtensive: Bool
    private let families: Mutex<[String: MetricFamily]>
    private let refreshers = Mutex<[@Sendable () -> Void]>([])

    package init(
        catalog: [MetricDescription] = MetricCatalog.all, isExtensive: Bool = false
    ) {
        self.isExtensive = isExtensive
        var byName: [String: MetricFamily] = [:]
        for description in catalog where isExtensive || description.presence != .extensive {
            let family = MetricFamily(description)
            if description.labels.isEmpty, description.presence == .always {
                _ = family.series([])
            }
            byName[description.name] = family
        }
        families = Mutex(byName)
    }

    package func counter(_ name: String, _ labelValues: String...) -> CounterSeries {
        counter(name, labelValues: labelValues)
    }

    package func counter(_ name: String, labelValues: [String]) -> CounterSeries {
        guard case .counter(let series) = family(name, .counter).series(labelValues) else {
            preconditionFailure("metric \(name) has a callback")
        }
        return series
    }

    package func gauge(_ name: String, _ labelValues: String...) -> GaugeSeries {
        gauge(name, labelValues: labelValues)
    }

    package func gauge(_ name: String, labelValues: [String]) -> GaugeSeries {
        guard case .gauge(let series) = family(name, .gauge).series(labelValues) else {
            preconditionFailure("metric \(name) has a callback")
        }
        return series
    }

    package func histogram(_ name: String, _ labelValues: String...) -> HistogramSeries {
        histogram(name, labelValues: labelValues)
    }

    package func histogram(_ name: String, labelValues: [String]) -> HistogramSeries {
        guard case .histogram(let series) = family(name, .histogram).series(labelValues) else {
            preconditionFailure("metric \(name) has a callback")
        }
        return series
    }

    /// Makes a counter or gauge call `callback` on each scrape, on the scraping thread. The
    /// callback must be fast.
    package func readOnScrape(
        _ name: String, _ labelValues: String..., callback: @escaping @Sendable () -> Double
    ) {
        let family = existingFamily(name)
        precondition(
            family.description.kind != .histogram, "metric \(name) is a histogram")
        precondition(
            labelValues.count == family.description.labels.count,
            "metric \(name) has labels \(family.description.labels)")
        family.replace(labelValues, with: .callback(callback))
    }

    /// Sets an info metric: its value is 1, and its labels replace the earlier ones.
    package func setInfo(_ name: String, _ labelValues: String...) {
        family(name, .gauge).replaceAll(with: labelValues)
    }

    /// Removes a series.
    package func remove(_ name: String, _ labelValues: String...) {
        existingFamily(name).remove(labelValues)
    }

    /// Runs `body` before each scrape, to update several metrics at once.
    package func refreshOnScrape(_ body: @escaping @Sendable () -> Void) {
        refreshers.withLock { $0.append(body) }
    }

    func refresh() {
        let bodies = refreshers.withLock { $0 }
        for body in bodies { body() }
    }

    /// All families sorted by name.
    var sortedFamilies: [MetricFamily] {
        families.withLock { $0.values.sorted { $0.description.name < $1.description.name } }
    }

    /// The description of a metric; nil when it is not registered.
    func description(of name: String) -> MetricDescription? {
        families.withLock { $0[name]?.description }
    }

    /// Adds a metric that is not in the catalog, unless the name is registered.
    func register(_ description: MetricDescription) {
        families.withLock { families in
            if families[description.name] == nil {
                families[description.name] = MetricFamily(description)
            }
        }
    }

    private func existingFamily(_ name: String) -> MetricFamily {
        guard let family = families.withLock({ $0[name] }) else {
            preconditionFailure("metric \(name) is not in the catalog")
        }
        return family
    }

    private func family(_ name: String, _ kind: MetricKind) -> MetricFamily {
        let family = existingFamily(name)
        precondition(
            family.description.kind == kind,
            "metric \(name) is a \(family.description.kind), not a \(kind)")
        return family
    }
}
