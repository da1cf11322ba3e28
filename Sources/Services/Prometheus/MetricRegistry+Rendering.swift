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
        let names = family.renderedNames
        text += names.header
        for entry in entries {
            switch entry.series {
            case .counter(let counter): append(counter.value, entry, names, to: &text)
            case .gauge(let gauge): append(gauge.value, entry, names, to: &text)
            case .callback(let read): append(read(), entry, names, to: &text)
            case .histogram(let histogram): append(histogram, entry, names, to: &text)
            }
        }
    }

    /// The sample of a counter or gauge.
    private static func append(
        _ value: Double, _ entry: MetricFamily.Entry, _ names: RenderedNames,
        to text: inout [UInt8]
    ) {
        text += names.name
        if !names.labels.isEmpty {
            text.append(UInt8(ascii: "{"))
            names.appendLabels(entry.labelValues, to: &text)
            text.append(UInt8(ascii: "}"))
        }
        append(value, to: &text)
    }

    /// Buckets, sum and count. The buckets are read once, so that they agree with the count.
    private static func append(
        _ histogram: HistogramSeries, _ entry: MetricFamily.Entry, _ names: RenderedNames,
        to text: inout [UInt8]
    ) {
        let counts = histogram.cumulativeCounts
        var labels: [UInt8] = []
        names.appendLabels(entry.labelValues, to: &labels)
        for (count, bound) in zip(counts, names.bounds) {
            text += names.bucket
            if !labels.isEmpty {
                text += labels
                text.append(UInt8(ascii: ","))
            }
            text += bound
            append(Double(count), to: &text)
        }
        for (name, value) in [
            (names.sum, histogram.sum), (names.count, Double(counts.last ?? 0)),
        ] {
            text += name
            if !labels.isEmpty {
                text.append(UInt8(ascii: "{"))
                text += labels
                text.append(UInt8(ascii: "}"))
            }
            append(value, to: &text)
        }
    }

    private static func append(_ value: Double, to text: inout [UInt8]) {
        text.append(0x20)
        GoFloat.append(value, to: &text)
        text.append(0x0A)
    }
}
