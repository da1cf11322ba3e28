/// The Prometheus type of a metric.
package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// When a metric is exported.
package enum MetricPresence: Sendable {
    /// From the start; a metric without labels with the value 0.
    case always
    /// Once a series with label values exists.
    case onFirstUse
    /// Only with `--metrics=extensive`.
    case extensive
}

/// An entry of the catalog: a metric's name, kind, labels, buckets and help text.
package struct MetricDescription: Sendable {
    package let name: String
    package let kind: MetricKind
    /// Label names, in the order of label values in calls of the registry.
    package let labels: [String]
    /// Ascending upper bounds of a histogram's buckets, without infinity.
    package let buckets: [Double]
    package let presence: MetricPresence
    package let help: String

    package init(
        _ name: String, _ kind: MetricKind, labels: [String] = [], buckets: [Double] = [],
        presence: MetricPresence = .always, _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.buckets = buckets
        self.presence = presence
        self.help = help
    }

    static func counter(
        _ name: String, labels: [String] = [], presence: MetricPresence = .always,
        _ help: String
    ) -> MetricDescription {
        MetricDescription(name, .counter, labels: labels, presence: presence, help)
    }

    static func gauge(
        _ name: String, labels: [String] = [], presence: MetricPresence = .always,
        _ help: String
    ) -> MetricDescription {
        MetricDescription(name, .gauge, labels: labels, presence: presence, help)
    }

    static func histogram(
        _ name: String, labels: [String] = [], buckets: [Double],
        presence: MetricPresence = .always, _ help: String
    ) -> MetricDescription {
        MetricDescription(
            name, .histogram, labels: labels, buckets: buckets, presence: presence, help)
    }

    /// `count` bounds from `start`, each twice the one before.
    package static func doubling(from start: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<count {
            bounds.append(bound)
            bound *= 2
        }
        return bounds
    }
}
