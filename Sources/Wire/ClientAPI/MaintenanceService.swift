internal import Bolt
internal import CoreMetrics
internal import EtcdAPI
internal import GRPC
internal import MVCC
internal import Membership
internal import NIOCore
internal import ReplicaRuntime
internal import StateMachine

/// Maintenance calls: etcdserverpb.Maintenance.
struct MaintenanceService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/etcdserverpb.Maintenance/Status", isForLearners: true) {
                (call: GRPCServerCall, _: Etcdserverpb_StatusRequest) in status(call)
            },
            context.generated("/etcdserverpb.Maintenance/Alarm") { call, request in
                alarm(call, request)
            },
            context.generated("/etcdserverpb.Maintenance/Defragment") {
                (call: GRPCServerCall, _: Etcdserverpb_DefragmentRequest) in defragment(call)
            },
            context.generated("/etcdserverpb.Maintenance/Hash") {
                (call: GRPCServerCall, _: Etcdserverpb_HashRequest) in hash(call)
            },
            context.generated("/etcdserverpb.Maintenance/HashKV") { call, request in
                hashKV(call, request)
            },
            context.stream(
                "/etcdserverpb.Maintenance/Snapshot", .serverStreaming, isForLearners: true
            ) { _ in SnapshotHandler(context: context) },
            context.generated("/etcdserverpb.Maintenance/MoveLeader") {
                (call: GRPCServerCall, request: Etcdserverpb_MoveLeaderRequest) in
                call.answer { () async throws(EtcdError) in
                    try await LeaderTransfer(context: context).move(to: request.targetID)
                    return Etcdserverpb_MoveLeaderResponse()
                }
            },
            context.generated("/etcdserverpb.Maintenance/Downgrade") {
                (call: GRPCServerCall, request: Etcdserverpb_DowngradeRequest) in
                call.answer { () async throws(EtcdError) in
                    var answer = Etcdserverpb_DowngradeResponse()
                    answer.version = try await DowngradeJob(context: context).run(request)
                    answer.header = Etcdserverpb_ResponseHeader(context.header())
                    return answer
                }
            },
        ]
    }

    private func status(_ call: GRPCServerCall) {
        let context = self.context
        context.port(call).onState({ Etcdserverpb_StatusResponse($0, context) }) { answer in
            call.answer(answer)
        }
    }

    /// Reading alarms asks the state; raising and ending them goes through the log.
    private func alarm(_ call: GRPCServerCall, _ request: Etcdserverpb_AlarmRequest) {
        let context = self.context
        guard let payload: [UInt8] = try? request.serializedBytes() else {
            return call.finish(.undecodable)
        }
        context.propose(InternalRaftRequest.Field.alarm, payload, for: call) { outcome, header in
            guard case .alarm(let alarms) = outcome.result else { return }
            var answer = Etcdserverpb_AlarmResponse()
            answer.header = Etcdserverpb_ResponseHeader(header)
            answer.alarms = alarms.map { Etcdserverpb_AlarmMember($0) }
            call.answer(answer)
        }
    }

    private func hash(_ call: GRPCServerCall) {
        let context = self.context
        let loop = call.loop
        let box = NIOLoopBound(call, eventLoop: call.eventLoop)
        // Everything acknowledged before now is in the file that is hashed.
        context.runtime.onBackend { backend in
            let reading = backend.bolt.beginRead()
            context.hashes.run {
                let began = monotonicNanoseconds()
                let result = Result { () throws(StoreError) in try Store.hashFile(reading) }
                reading.end()
                context.meter.hash.recordNanoseconds(monotonicNanoseconds() - began)
                loop.eventLoop.execute {
                    loop.performBatch { answer(box.value, ofFile: result) }
                }
            }
        }
    }

    private func answer(_ call: GRPCServerCall, ofFile result: Result<UInt32, StoreError>) {
        switch result {
        case .failure(let failure): call.fail(context.runtime.stop(becauseOf: failure))
        case .success(let hash):
            var answer = Etcdserverpb_HashResponse()
            answer.header = Etcdserverpb_ResponseHeader(context.header())
            answer.hash = hash
            call.answer(answer)
        }
    }

    /// A hash sees what is applied, whether or not it is in the file yet.
    private func hashKV(_ call: GRPCServerCall, _ request: Etcdserverpb_HashKVRequest) {
        let context = self.context
        let loop = call.loop
        let box = NIOLoopBound(call, eventLoop: call.eventLoop)
        context.hashes.run {
            let began = monotonicNanoseconds()
            let result = Result { () throws(ReadError) in
                try context.runtime.store.hashKV(at: request.revision)
            }
            context.meter.hashAtRevision.recordNanoseconds(monotonicNanoseconds() - began)
            loop.eventLoop.execute {
                loop.performBatch { answer(box.value, result) }
            }
        }
    }

    private func answer(
        _ call: GRPCServerCall,
        _ result: Result<(hash: KeyValueHash, storeRevision: Int64), ReadError>
    ) {
        switch result {
        case .failure(let error): call.fail(context.runtime.refusal(of: error))
        case .success(let (hash, storeRevision)):
            var answer = Etcdserverpb_HashKVResponse()
            let term = context.runtime.term
            answer.header = Etcdserverpb_ResponseHeader(
                context.header(revision: storeRevision, term: term))
            answer.hash = hash.hash
            answer.compactRevision = hash.compactRevision
            answer.hashRevision = hash.revision
            call.answer(answer)
        }
    }
}

extension Etcdserverpb_AlarmMember {
    init(_ alarm: Alarm) {
        self.init()
        memberID = alarm.member.rawValue
        self.alarm = Etcdserverpb_AlarmType(rawValue: alarm.type.rawValue) ?? .none
    }
}

extension Etcdserverpb_StatusResponse {
    fileprivate init(_ state: StateMachine, _ context: ServiceContext) {
        self.init()
        let status = context.runtime.status
        header = Etcdserverpb_ResponseHeader(context.header())
        version = context.settings.version.description
        dbSize = Int64(context.runtime.bolt.sizeBytes)
        dbSizeInUse = Int64(context.runtime.bolt.sizeInUseBytes)
        leader = status.leader?.rawValue ?? 0
        raftIndex = status.commitIndex.rawValue
        raftTerm = status.term.rawValue
        raftAppliedIndex = state.appliedIndex
        isLearner = context.runtime.isLearner
        storageVersion = state.storageVersion?.description ?? ""
        dbSizeQuota = context.runtime.quotaBytes
        downgradeInfo.enabled = state.membership.downgrade.isEnabled
        downgradeInfo.targetVersion = state.membership.downgrade.targetVersion
        errors = status.leader == nil ? [EtcdError.noLeader.message] : []
        errors += state.alarms.list(.none).map { alarm in
            "memberID:\(alarm.member.rawValue) alarm:\(alarm.type.name)"
        }
    }
}
