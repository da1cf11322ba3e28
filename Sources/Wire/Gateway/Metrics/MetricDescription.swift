/// What kind of number a metric is, by Prometheus' names.
package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// When a metric shows.
package enum MetricPresence: Sendable {
    /// From the start; without labels also with the value 0.
    case always
    /// Once one of its label values was used.
    case onFirstUse
    /// Only with `--metrics=extensive`.
    case extensive
}

/// One row of the catalogue: a metric's name, kind, labels, buckets and meaning.
package struct MetricDescription: Sendable {
    package let name: String
    package let kind: MetricKind
    /// Label names in the order in which series are asked for.
    package let labels: [String]
    /// Upper bounds of a histogram's buckets, ascending, without infinity.
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
