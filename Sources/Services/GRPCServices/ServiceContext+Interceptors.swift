internal import Auth
internal import EtcdAPI
internal import GRPC
import MonotonicClock
internal import NIOCore
internal import MemberRuntime

/// Checks of every call before its service is invoked, as in etcd's interceptors.
extension ServiceContext {
    /// The error of a call that is not served: this member is a learner, or the client requires a
    /// leader and the cluster has no leader.
    func refusal(
        _ call: GRPCServerCall, isStream: Bool = false, isForLearners: Bool
    ) -> EtcdError? {
        guard isForLearners || !runtime.isLearner else { return .notSupportedForLearner }
        let submitter = submitter(call)
        metrics.countRequest(call, isStream: isStream, known: &submitter.requestCounters)
        guard requiresLeader(call) else { return nil }
        return runtime.replicaStatus.leader == nil ? .noLeader : nil
    }

    /// A streaming method. A stream whose client requires a leader fails once there has been none
    /// for a while.
    ///
    /// - Parameter open: the handler calls `identify` for each request; `RPCRule` is the method's.
    func stream(
        _ path: String, _ kind: GRPCMethodKind, isForLearners: Bool = false,
        _ open: @escaping @Sendable (GRPCServerCall, RPCRule) -> any GRPCCallHandler
    ) -> GRPCMethod {
        let rule = Self.rule(of: path)
        return GRPCMethod(path: path, kind: kind) { [self] call in
            if let error = refusal(call, isStream: true, isForLearners: isForLearners) {
                return RefusedCall(call, error)
            }
            if requiresLeader(call) { endWithoutLeader(call) }
            return open(call, rule)
        }
    }

    private func requiresLeader(_ call: GRPCServerCall) -> Bool {
        call.metadata.first("hasleader") == "true"
    }

    /// Consecutive checks without a leader after which a stream fails. Reopening a stream costs
    /// more than refusing a call, so etcd waits this long.
    private static let leaderlessChecksMax = 3

    /// Checks for a leader once per election timeout.
    private func endWithoutLeader(_ call: GRPCServerCall) {
        let runtime = self.runtime
        let interval = TimeAmount.nanoseconds(runtime.configuration.electionTimeout.nanoseconds)
        let leaderlessChecks = NIOLoopBoundBox(0, eventLoop: call.eventLoop)
        call.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [weak call] task in
            guard let call, !call.isClosed else { return task.cancel() }
            leaderlessChecks.value =
                runtime.replicaStatus.leader == nil ? leaderlessChecks.value + 1 : 0
            guard leaderlessChecks.value >= Self.leaderlessChecksMax else { return }
            call.loop.performBatch { call.fail(.noLeader) }
        }
    }
}

/// A stream that fails as soon as it is open.
private final class RefusedCall: GRPCCallHandler {
    init(_ call: GRPCServerCall, _ error: EtcdError) {
        call.eventLoop.execute {
            call.loop.performBatch { call.fail(error) }
        }
    }

    func receive(_ message: [UInt8], on call: GRPCServerCall) {}
    func receiveHalfClose(on call: GRPCServerCall) {}
    func becameWritable(_ call: GRPCServerCall) {}
    func closed(_ call: GRPCServerCall, reason: GRPCCloseReason) {}
}
