internal import EtcdAPI
internal import GRPC
internal import NIOCore
internal import ReplicaRuntime

/// What is asked of every call before its service sees it, as etcd's interceptors do.
extension ServiceContext {
    /// Why a call is not served: this member is a learner, or the client requires a leader and
    /// there is none.
    func refusal(
        _ call: GRPCServerCall, isStream: Bool = false, isForLearners: Bool
    ) -> EtcdError? {
        guard isForLearners || !runtime.isLearner else { return .notSupportedForLearner }
        let port = port(call)
        meter.countRequest(call, isStream: isStream, known: &port.requestCounters)
        guard requiresLeader(call) else { return nil }
        return runtime.status.leader == nil ? .noLeader : nil
    }

    /// A streaming method. A stream whose client requires a leader ends when there has been none
    /// for a while.
    func stream(
        _ path: String, _ kind: GRPCMethodKind, isForLearners: Bool = false,
        _ open: @escaping @Sendable (GRPCServerCall) -> any GRPCCallHandler
    ) -> GRPCMethod {
        GRPCMethod(path: path, kind: kind) { call in
            if let error = refusal(call, isStream: true, isForLearners: isForLearners) {
                return RefusedCall(call, error)
            }
            if requiresLeader(call) { endWithoutLeader(call) }
            return open(call)
        }
    }

    private func requiresLeader(_ call: GRPCServerCall) -> Bool {
        call.metadata.first("hasleader") == "true"
    }

    /// Looks without a leader after which a stream ends. To open a stream again costs more than
    /// to refuse a call, so etcd waits this long.
    private static let leaderlessLooksMax = 3

    /// Looks for a leader once in each election timeout.
    private func endWithoutLeader(_ call: GRPCServerCall) {
        let runtime = self.runtime
        let interval = TimeAmount.milliseconds(runtime.settings.electionMilliseconds)
        let looks = NIOLoopBoundBox(0, eventLoop: call.eventLoop)
        call.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) {
            [weak call] task in
            guard let call, !call.isClosed else { return task.cancel() }
            looks.value = runtime.status.leader == nil ? looks.value + 1 : 0
            guard looks.value >= Self.leaderlessLooksMax else { return }
            call.loop.performBatch { call.fail(.noLeader) }
        }
    }
}

/// A stream that ends as soon as it is open.
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
