@testable import Telemetry
@testable import ServerLogging
@testable import Prometheus
import EtcdAPI
import Credentials
import EtcdServer
import HTTPServices
import Identifiers
import Raft
import MemberRuntime
import StateMachine
import Synchronization
import Testing

@Suite struct ObservationTests {
    /// A log output that keeps the text of all lines.
    final class Lines: LogOutput {
        private let text = Mutex("")

        func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            return true
        }

        func contains(_ part: String) -> Bool { text.withLock { $0.contains(part) } }
    }

    let registry = MetricRegistry()
    let lines = Lines()
    let observation: RuntimeObservation

    init() {
        observation = RuntimeObservation(
            memberID: MemberID(0xabc), registry: registry,
            logger: ServerLogger(destination: LogDestination(outputs: [lines])),
            tokens: NoTokens())
    }

    private func apply(
        _ operation: StaticString, _ response: ApplyResponse, entry: [UInt8],
        executed: ExecutedOperations = ExecutedOperations()
    ) {
        var applied = AppliedEntry(response: response)
        applied.operation = operation
        applied.executed = executed
        observation.applied(
            applied, Entry(term: Term(1), index: LogIndex(1), data: entry), began: .zero)
    }

    @Test func leadershipIsShownAndLogged() {
        observation.roleChanged(SoftState(leader: nil, role: .candidate), term: Term(2))
        observation.roleChanged(
            SoftState(leader: MemberID(0xabc), role: .leader), term: Term(2))
        #expect(registry.gauge("etcd_server_is_leader").value == 1)
        #expect(registry.counter("etcd_server_leader_changes_seen_total").value == 1)
        #expect(lines.contains("abc became candidate at term 2"))
        #expect(lines.contains("abc became leader at term 2"))
        #expect(lines.contains("raft.node: abc elected leader abc at term 2"))
        #expect(lines.contains("\"logger\":\"raft\""))
        observation.roleChanged(SoftState(leader: MemberID(0xd), role: .follower), term: Term(3))
        #expect(lines.contains("raft.node: abc changed leader from abc to d at term 3"))
        observation.roleChanged(SoftState(leader: nil, role: .follower), term: Term(3))
        #expect(lines.contains("raft.node: abc lost leader d at term 3"))
        #expect(registry.gauge("etcd_server_has_leader").value == 0)
    }

    @Test func operationsOfTransactionsAreCountedSeparately() {
        apply(
            "Put", ApplyResponse(revision: 2, body: .put(PutResponse())), entry: [],
            executed: ExecutedOperations(puts: 1))
        apply(
            "Txn", ApplyResponse(revision: 3, body: .omitted), entry: [],
            executed: ExecutedOperations(puts: 2, deletes: 1))
        apply("Put", ApplyResponse(revision: 3, body: .failed(.noSpace)), entry: [])
        observation.applied(entries: 3, took: .milliseconds(3))
        #expect(registry.counter("etcd_mvcc_put_total").value == 3)
        #expect(registry.counter("etcd_mvcc_delete_total").value == 1)
        #expect(registry.counter("etcd_mvcc_txn_total").value == 1)
        let applied = registry.histogram(
            "etcd_server_apply_duration_seconds", "v3", "Put", "true")
        #expect(applied.cumulativeCounts.last == 1)
        #expect(abs(applied.sum - 0.001) < 1e-9)
        let failed = registry.histogram(
            "etcd_server_apply_duration_seconds", "v3", "Put", "false")
        #expect(failed.cumulativeCounts.last == 1)
    }

    @Test func slowEntriesAreLogged() {
        apply("Put", ApplyResponse(revision: 2, body: .put(PutResponse())), entry: [])
        observation.applied(entries: 1, took: .milliseconds(90))
        #expect(!lines.contains("apply request took too long"))
        let put = PutRequest(key: Array("k\"1".utf8)[...], value: [1, 2, 3])
        let entry = put.encoded().withUnsafeBytes {
            InternalRaftRequest.wrap(id: 7, field: InternalRaftRequest.Field.put, payload: $0)
        }
        apply("Put", ApplyResponse(revision: 2, body: .put(PutResponse())), entry: entry)
        observation.applied(entries: 1, took: .milliseconds(150))
        #expect(lines.contains("apply request took too long"))
        #expect(lines.contains("\"took\":\"150ms\",\"expected-duration\":\"100ms\""))
        #expect(lines.contains(#"header:<ID:7> put:<key:\"k\\\"1\" value_size:3>"#))
        #expect(registry.counter("etcd_server_slow_apply_total").value == 1)
    }

    @Test func compactionsAreMeasuredAndLogged() {
        apply("Compaction", ApplyResponse(revision: 9, body: .compaction(revision: 5)), entry: [])
        observation.applied(entries: 1, took: .microseconds(1))
        observation.compactionStep(took: .microseconds(2500), isOfIndex: false)
        observation.compacted(revision: 5, removed: 7, hash: 42)
        #expect(lines.contains("compact tree index"))
        #expect(lines.contains("finished scheduled compaction"))
        #expect(lines.contains("\"compact-revision\":5"))
        #expect(
            registry.counter("etcd_debugging_mvcc_db_compaction_keys_total").value == 7)
        let pause = registry.histogram(
            "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds")
        #expect(pause.sum == 2)
    }
}
