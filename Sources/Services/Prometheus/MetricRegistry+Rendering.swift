/// The Prometheus text format 0.0.4.
extension MetricRegistry {
    /// Renders all metrics: families by name, series by label values, labels by name.
    package func render() -> [UInt8] {
        refresh()
        var text: [UInt8] = []
        text.reserveCapacity(64 * 1024)
        for family in sortedFamilies {
            Self.append(family, to: &text)
        }
        return text
    }

    /// A family without series is not rendered.
    private static func append(_ family: MetricFamily, to text: inout [UInt8]) {
        let entries = family.entries
        guard !entries.isEmpty else { return }
        let description = family.description
        text += "# HELP \(description.name) ".utf8
        appendEscaped(description.help, quotes: false, to: &text)
        text += "\n# TYPE \(description.name) \(description.kind.rawValue)\n".utf8
        let order = description.labels.indices.sorted {
            description.labels[$0] < description.labels[$1]
        }
        for entry in entries {
            let labels = renderedLabels(description.labels, entry.labelValues, order)
            switch entry.series {
            case .counter(let counter):
                appendSample(description.name, labels, counter.value, to: &text)
            case .gauge(let gauge):
                appendSample(description.name, labels, gauge.value, to: &text)
            case .callback(let read):
                appendSample(description.name, labels, read(), to: &text)
            case .histogram(let histogram):
                append(histogram, description.name, labels, to: &text)
            }
        }
    }

    /// Buckets, sum and count. The buckets are read once, so that they agree with the count.
    private static func append(
        _ histogram: HistogramSeries, _ name: String, _ labels: [UInt8], to text: inout [UInt8]
    ) {
        let counts = histogram.cumulativeCounts
        let separator = labels.isEmpty ? "" : ","
        for (index, count) in counts.enumerated() {
            let isLast = index == histogram.bounds.count
            var bound = labels + "\(separator)le=\"".utf8
            GoFloat.append(isLast ? .infinity : histogram.bounds[index], to: &bound)
            bound.append(UInt8(ascii: "\""))
            appendSample(name + "_bucket", bound, Double(count), to: &text)
        }
        appendSample(name + "_sum", labels, histogram.sum, to: &text)
        appendSample(name + "_count", labels, Double(counts.last ?? 0), to: &text)
    }

    private static func appendSample(
        _ name: String, _ labels: [UInt8], _ value: Double, to text: inout [UInt8]
    ) {
        text += name.utf8
        if !labels.isEmpty {
            text.append(UInt8(ascii: "{"))
            text += labels
            text.append(UInt8(ascii: "}"))
        }
        text.append(0x20)
        GoFloat.append(value, to: &text)
        text.append(0x0A)
    }

    /// `name="value",...` without braces.
    private static func renderedLabels(
        _ names: [String], _ values: [String], _ order: [Int]
    ) -> [UInt8] {
        var text: [UInt8] = []
        for index in order {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            text += "\(names[index])=\"".utf8
            appendEscaped(values[index], quotes: true, to: &text)
            text.append(UInt8(ascii: "\""))
        }
        return text
    }

    private static func appendEscaped(_ value: String, quotes: Bool, to text: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case 0x0A: text += "\\n".utf8
            case UInt8(ascii: "\"") where quotes: text += "\\\"".utf8
            default: text.append(byte)
            }
        }
    }
}
