internal import Auth
internal import Bolt
internal import CoreMetrics
internal import EtcdAPI
internal import GRPC
import Identifiers
internal import MonotonicClock
internal import MVCC
internal import Membership
internal import NIOCore
internal import MemberRuntime
internal import StateMachine

/// Maintenance calls: etcdserverpb.Maintenance.
struct MaintenanceService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/etcdserverpb.Maintenance/Status", isForLearners: true) {
                (call: GRPCServerCall, _: Etcdserverpb_StatusRequest, _) in status(call)
            },
            context.generated("/etcdserverpb.Maintenance/Alarm") { call, request, caller in
                alarm(call, request, caller)
            },
            context.generated("/etcdserverpb.Maintenance/Defragment") {
                (call: GRPCServerCall, _: Etcdserverpb_DefragmentRequest, _) in defragment(call)
            },
            context.generated("/etcdserverpb.Maintenance/Hash") {
                (call: GRPCServerCall, _: Etcdserverpb_HashRequest, _) in hash(call)
            },
            context.generated("/etcdserverpb.Maintenance/HashKV") { call, request, _ in
                hashKV(call, request)
            },
            context.stream(
                "/etcdserverpb.Maintenance/Snapshot", .serverStreaming, isForLearners: true
            ) { _, rule in SnapshotHandler(context: context, rule: rule) },
            context.generated("/etcdserverpb.Maintenance/MoveLeader") {
                (call: GRPCServerCall, request: Etcdserverpb_MoveLeaderRequest, _) in
                call.respond { () async throws(EtcdError) in
                    try await LeaderTransfer(context: context).move(to: MemberID(request.targetID))
                    return Etcdserverpb_MoveLeaderResponse()
                }
            },
            context.generated("/etcdserverpb.Maintenance/Downgrade") {
                (call: GRPCServerCall, request: Etcdserverpb_DowngradeRequest, caller) in
                call.respond { () async throws(EtcdError) in
                    var response = Etcdserverpb_DowngradeResponse()
                    response.version = try await DowngradeJob(context: context, caller: caller)
                        .run(request)
                    response.header = Etcdserverpb_ResponseHeader(context.header())
                    return response
                }
            },
        ]
    }

    private func status(_ call: GRPCServerCall) {
        let context = self.context
        context.submitter(call).onState({ Etcdserverpb_StatusResponse($0, context) }) { response in
            call.respond(response)
        }
    }

    /// All alarm requests go through the log, as in etcd. What it needs depends on its action.
    private func alarm(
        _ call: GRPCServerCall, _ request: Etcdserverpb_AlarmRequest, _ caller: Identity
    ) {
        let context = self.context
        do throws(EtcdError) {
            try context.auth?.require(request, caller)
        } catch {
            return call.fail(error)
        }
        guard let payload: [UInt8] = try? request.serializedBytes() else {
            return call.finish(.undecodable)
        }
        context.propose(InternalRaftRequest.Field.alarm, payload, by: caller, for: call) {
            applied, header in
            guard case .alarm(let alarms) = applied.body else { return }
            var response = Etcdserverpb_AlarmResponse()
            response.header = Etcdserverpb_ResponseHeader(header)
            response.alarms = alarms.map { Etcdserverpb_AlarmMember($0) }
            call.respond(response)
        }
    }

    private func hash(_ call: GRPCServerCall) {
        let context = self.context
        let loop = call.loop
        let box = NIOLoopBound(call, eventLoop: call.eventLoop)
        // The hashed file contains all writes acknowledged before now.
        context.runtime.onBackend { backend in
            let reading = backend.bolt.beginRead()
            context.hashQueue.run {
                let began = MonotonicTime.now()
                let result = Result { () throws(StoreError) in try Store.hashFile(reading) }
                reading.end()
                context.metrics.hash.record(.now() - began)
                loop.eventLoop.execute {
                    loop.performBatch { respond(box.value, withFileHash: result) }
                }
            }
        }
    }

    private func respond(
        _ call: GRPCServerCall, withFileHash result: Result<UInt32, StoreError>
    ) {
        switch result {
        case .failure(let failure): call.fail(context.runtime.stop(becauseOf: failure))
        case .success(let hash):
            var response = Etcdserverpb_HashResponse()
            response.header = Etcdserverpb_ResponseHeader(context.header())
            response.hash = hash
            call.respond(response)
        }
    }

    /// The hash includes all applied changes, also those not yet committed to the file.
    private func hashKV(_ call: GRPCServerCall, _ request: Etcdserverpb_HashKVRequest) {
        let context = self.context
        let loop = call.loop
        let box = NIOLoopBound(call, eventLoop: call.eventLoop)
        context.hashQueue.run {
            let began = MonotonicTime.now()
            let result = Result { () throws(ReadError) in
                try context.runtime.store.hashKV(at: Revision(request.revision))
            }
            context.metrics.hashAtRevision.record(.now() - began)
            loop.eventLoop.execute {
                loop.performBatch { respond(box.value, withKeyValueHash: result) }
            }
        }
    }

    private func respond(
        _ call: GRPCServerCall,
        withKeyValueHash result: Result<(hash: KeyValueHash, storeRevision: Revision), ReadError>
    ) {
        switch result {
        case .failure(let error): call.fail(context.runtime.clientError(for: error))
        case .success(let (hash, storeRevision)):
            var response = Etcdserverpb_HashKVResponse()
            let term = context.runtime.term
            response.header = Etcdserverpb_ResponseHeader(
                context.header(revision: storeRevision, term: term))
            response.hash = hash.hash
            response.compactRevision = hash.compactRevision.rawValue
            response.hashRevision = hash.revision.rawValue
            call.respond(response)
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
        let status = context.runtime.replicaStatus
        header = Etcdserverpb_ResponseHeader(context.header())
        version = context.configuration.version.description
        dbSize = Int64(context.runtime.bolt.sizeBytes)
        dbSizeInUse = Int64(context.runtime.bolt.sizeInUseBytes)
        leader = status.leader?.rawValue ?? 0
        raftIndex = status.commitIndex.rawValue
        raftTerm = status.term.rawValue
        raftAppliedIndex = state.appliedIndex.rawValue
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
