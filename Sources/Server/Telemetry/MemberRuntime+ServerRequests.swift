import CoreMetrics
package import EtcdAPI
package import MemberRuntime
import MonotonicClock

/// Requests that the server itself proposes; their duration is recorded like that of clients'.
extension MemberRuntime {
    /// - Parameter kind: the request as etcd's metrics name it.
    package func proposeOwn(
        _ kind: String, field: UInt32, payload: [UInt8]
    ) async throws(EtcdError) {
        let begin = MonotonicTime.now()
        do throws(EtcdError) {
            _ = try await propose(field: field, payload: payload, by: .server)
            Self.record(kind, isSuccess: true, since: begin)
        } catch {
            Self.record(kind, isSuccess: false, since: begin)
            throw error
        }
    }

    private static func record(_ kind: String, isSuccess: Bool, since begin: MonotonicTime) {
        Timer(
            label: "etcd_server_request_duration_seconds",
            dimensions: [("type", kind), ("success", isSuccess ? "true" : "false")]
        ).recordNanoseconds((MonotonicTime.now() - begin).nanoseconds)
    }
}
