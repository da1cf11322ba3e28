@testable import Prometheus
import MonotonicClock
import Testing

@testable import HTTPServices

@Suite struct RenderingTests {
    @Test func newRegistryExportsEveryUnlabelledMetricAsZero() throws {
        let registry = MetricRegistry()
        let text = try PrometheusText(registry.render())
        for description in MetricCatalog.all {
            let isShown = description.labels.isEmpty && description.presence == .always
            #expect((text.types[description.name] != nil) == isShown, "\(description.name)")
            guard isShown else { continue }
            #expect(text.types[description.name] == description.kind.rawValue)
            #expect(text.helps[description.name] == description.help)
            if description.kind == .histogram {
                #expect(text.value(description.name + "_count") == 0)
                #expect(text.value(description.name + "_sum") == 0)
                let bounds = text.samples.filter { $0.name == description.name + "_bucket" }
                #expect(bounds.count == description.buckets.count + 1)
                #expect(bounds.last?.values["le"] == "+Inf")
            } else {
                #expect(text.value(description.name) == 0)
            }
        }
        #expect(text.families == text.families.sorted())
    }

    @Test func catalogNamesAreUniqueAndBucketsAscend() {
        let names = MetricCatalog.all.map(\.name)
        #expect(Set(names).count == names.count)
        for description in MetricCatalog.all {
            #expect(description.buckets == description.buckets.sorted())
            #expect((description.kind == .histogram) == !description.buckets.isEmpty)
            #expect(!description.help.isEmpty)
        }
    }

    @Test func histogramCountsUnderInclusiveBounds() throws {
        let registry = MetricRegistry()
        let histogram = registry.histogram("etcd_disk_wal_fsync_duration_seconds")
        for value in [0.001, 0.0011, 8.192, 9, 0] { histogram.observe(value) }
        histogram.observe(TimeSpan.milliseconds(2))
        let text = try PrometheusText(registry.render())
        let name = "etcd_disk_wal_fsync_duration_seconds"
        #expect(text.value(name + "_bucket", ["le": "0.001"]) == 2)
        #expect(text.value(name + "_bucket", ["le": "0.002"]) == 4)
        #expect(text.value(name + "_bucket", ["le": "8.192"]) == 5)
        #expect(text.value(name + "_bucket", ["le": "+Inf"]) == 6)
        #expect(text.value(name + "_count") == 6)
        #expect(abs((text.value(name + "_sum") ?? 0) - 17.1961) < 1e-9)
    }

    @Test func bucketBoundsPrintAsGoPrintsThem() throws {
        let text = try PrometheusText(MetricRegistry().render())
        let bounds = text.samples.filter { $0.name == "etcd_debugging_lease_ttl_total_bucket" }
            .compactMap { $0.values["le"] }
        #expect(bounds.contains("524288"))
        #expect(bounds.contains("1.048576e+06"))
        #expect(bounds.contains("8.388608e+06"))
        let small = text.samples.filter {
            $0.name == "etcd_disk_wal_fsync_duration_seconds_bucket"
        }
        #expect(
            small.compactMap { $0.values["le"] } == [
                "0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064", "0.128", "0.256",
                "0.512", "1.024", "2.048", "4.096", "8.192", "+Inf",
            ])
    }

    @Test(arguments: [
        (0.0, "0"), (-1, "-1"), (0.1, "0.1"), (0.0001, "0.0001"), (0.00001234, "1.234e-05"),
        (123_456, "123456"), (999_999.5, "999999.5"), (1_000_000, "1e+06"),
        (2_147_483_648, "2.147483648e+09"), (1.8446744073709552e19, "1.8446744073709552e+19"),
        (1.5e300, "1.5e+300"), (.leastNonzeroMagnitude, "5e-324"), (-12.5, "-12.5"),
        (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (1_234_567.25, "1.23456725e+06"),
    ])
    func numberPrintsAsGoPrintsIt(value: Double, text: String) {
        var bytes: [UInt8] = []
        GoFloat.append(value, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func randomNumbersReadBack() {
        let seed = UInt64.random(in: 0 ... .max)
        var state = seed
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            var bytes: [UInt8] = []
            GoFloat.append(value, to: &bytes)
            #expect(Double(String(decoding: bytes, as: UTF8.self)) == value, "seed \(seed)")
        }
    }

    @Test func labelsAreSortedAndEscaped() throws {
        let registry = MetricRegistry()
        registry.histogram("etcd_server_apply_duration_seconds", "v3", "Put", "true").observe(1)
        registry.counter("etcd_server_learner_promote_failures", "a\"b\\c\nd").increment()
        let text = try PrometheusText(registry.render())
        let sample = text.samples.first { $0.name == "etcd_server_apply_duration_seconds_bucket" }
        #expect(sample?.labels == ["op", "success", "version", "le"])
        #expect(
            text.value("etcd_server_learner_promote_failures", ["Reason": "a\"b\\c\nd"]) == 1)
    }

    @Test func seriesAreSortedByLabelValues() throws {
        let registry = MetricRegistry()
        for name in ["c", "a", "b"] {
            registry.counter("etcd_debugging_store_reads_total", name).increment()
        }
        #expect(
            registry.counter("etcd_debugging_store_reads_total", "a")
                === registry.counter("etcd_debugging_store_reads_total", "a"))
        let text = try PrometheusText(registry.render())
        let actions = text.samples.compactMap { $0.values["action"] }
        #expect(actions == ["a", "b", "c"])
    }
}
