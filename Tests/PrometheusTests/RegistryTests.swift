@testable import Prometheus
import CoreMetrics
import Testing

@testable import HTTPServices

@Suite struct RegistryTests {
    @Test func infoReplacesTheEarlierOne() throws {
        let registry = MetricRegistry()
        registry.setInfo("etcd_cluster_version", "3.6")
        registry.setInfo("etcd_cluster_version", "3.7")
        let text = try PrometheusText(registry.render())
        #expect(text.value("etcd_cluster_version", ["cluster_version": "3.7"]) == 1)
        #expect(text.samples.count { $0.name == "etcd_cluster_version" } == 1)
    }

    @Test func callbackIsReadAtEachScrape() throws {
        let registry = MetricRegistry()
        let source = registry.counter("etcd_mvcc_put_total")
        registry.readOnScrape("etcd_debugging_mvcc_current_revision") { source.value + 1 }
        let name = "etcd_debugging_mvcc_current_revision"
        #expect(try PrometheusText(registry.render()).value(name) == 1)
        source.increment(by: 41)
        #expect(try PrometheusText(registry.render()).value(name) == 42)
    }

    @Test func grpcMethodIsPresentForAllCodesFromTheStart() throws {
        let registry = MetricRegistry()
        let method = registry.grpcMethod(
            service: "etcdserverpb.KV", method: "Put", type: "unary")
        method.started.increment()
        method.countHandled(code: 9)
        method.countHandled(code: 99)
        let text = try PrometheusText(registry.render())
        let labels = [
            "grpc_service": "etcdserverpb.KV", "grpc_method": "Put", "grpc_type": "unary",
        ]
        #expect(text.value("grpc_server_started_total", labels) == 1)
        #expect(text.value("grpc_server_msg_sent_total", labels) == 0)
        let handled = text.samples.filter { $0.name == "grpc_server_handled_total" }
        #expect(handled.count == 17)
        #expect(handled.first?.labels == ["grpc_code", "grpc_method", "grpc_service", "grpc_type"])
        for sample in handled {
            let isCounted = ["FailedPrecondition", "Unknown"].contains(sample.values["grpc_code"])
            #expect(sample.value == (isCounted ? 1 : 0))
        }
        #expect(text.types["grpc_server_handling_seconds"] == nil)
    }

    @Test func extensiveMetricsShowLatencies() throws {
        let registry = MetricRegistry(isExtensive: true)
        let method = registry.grpcMethod(service: "s", method: "m", type: "unary")
        method.handlingSeconds?.observe(0.02)
        let text = try PrometheusText(registry.render())
        #expect(text.types["grpc_server_handling_seconds"] == "histogram")
    }

    @Test func startupMetricsAndScrapesAreExported() throws {
        let registry = MetricRegistry()
        registry.setStartupMetrics(
            version: "3.7.1", toolchain: "swift6.3", quotaBytes: 2_147_483_648,
            featureGates: [("AllBeta", "BETA", false), ("FastLeaseKeepAlive", "BETA", true)])
        _ = registry.scrape()
        let text = try PrometheusText(registry.scrape())
        #expect(text.value("etcd_server_version", ["server_version": "3.7.1"]) == 1)
        #expect(text.value("etcd_server_quota_backend_bytes") == 2_147_483_648)
        #expect(
            text.value(
                "etcd_server_feature_enabled", ["name": "FastLeaseKeepAlive", "stage": "BETA"])
                == 1)
        #expect(text.value("promhttp_metric_handler_requests_total", ["code": "200"]) == 1)
        #expect(text.value("promhttp_metric_handler_requests_in_flight") == 1)
    }

    @Test func processMetricsAreCollected() throws {
        let registry = MetricRegistry()
        ProcessCollector.attach(to: registry)
        let text = try PrometheusText(registry.render())
        for name in [
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
            "process_virtual_memory_bytes", "process_max_fds", "os_fd_used", "os_fd_limit",
            "process_virtual_memory_max_bytes",
        ] {
            #expect((text.value(name) ?? 0) > 0, "\(name)")
        }
        #expect((text.value("process_start_time_seconds") ?? 0) > 1_500_000_000)
    }

    @Test func processNameMayContainSpacesAndBrackets() {
        let fields = (0..<30).map { "\(100 + $0)" }.joined(separator: " ")
        let status = ProcessStatus(
            statText: "1 (a b) c) " + fields, ticksPerSecond: 100, pageSizeBytes: 4_096)
        #expect(status?.cpuSeconds == 2.23)
        #expect(status?.residentBytes == 495_616.0)
        #expect(ProcessStatus(statText: "", ticksPerSecond: 100, pageSizeBytes: 1) == nil)
    }

    @Test func swiftMetricsUpdatesTheCatalog() throws {
        let registry = MetricRegistry()
        let factory = RegistryMetricsFactory(registry: registry)
        Counter(label: "etcd_mvcc_put_total", dimensions: [], factory: factory).increment(by: 3)
        FloatingPointCounter(label: "etcd_mvcc_txn_total", dimensions: [], factory: factory)
            .increment(by: 1.5)
        Meter(label: "etcd_server_is_leader", dimensions: [], factory: factory).set(1)
        Timer(
            label: "etcd_server_request_duration_seconds",
            dimensions: [("success", "true"), ("type", "Put")], factory: factory
        ).recordNanoseconds(3_000_000)
        Timer(
            label: "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
            dimensions: [], factory: factory
        ).recordNanoseconds(3_000_000)
        Recorder(label: "some.queue-depth", dimensions: [], aggregate: false, factory: factory)
            .record(7)
        let text = try PrometheusText(registry.render())
        #expect(text.value("etcd_mvcc_put_total") == 3)
        #expect(text.value("etcd_mvcc_txn_total") == 1.5)
        #expect(text.value("etcd_server_is_leader") == 1)
        #expect(text.value("some_queue_depth") == 7)
        #expect(
            text.value(
                "etcd_server_request_duration_seconds_sum", ["success": "true", "type": "Put"])
                == 0.003)
        #expect(
            text.value("etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds_sum") == 3)
    }

    @Test func concurrentWritesAreAllCounted() async {
        let registry = MetricRegistry()
        let counter = registry.counter("etcd_mvcc_range_total")
        let gauge = registry.gauge("etcd_server_proposals_pending")
        let histogram = registry.histogram("etcd_snap_fsync_duration_seconds")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        gauge.add(1)
                        histogram.observe(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 40_000)
        #expect(gauge.value == 40_000)
        #expect(histogram.cumulativeCounts.last == 40_000)
        #expect(histogram.sum == 20_000)
    }

    @Test func wrongKindOfMetricIsAProgrammingError() async {
        await #expect(processExitsWith: .failure) {
            _ = MetricRegistry().gauge("etcd_mvcc_put_total")
        }
        await #expect(processExitsWith: .failure) {
            _ = MetricRegistry().counter("etcd_no_such_metric")
        }
    }
}
