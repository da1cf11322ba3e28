package import EtcdAPI
package import GRPC
package import Membership
package import ReplicaRuntime
package import Stages
package import StateMachine

/// Limits and identities that all services share.
package struct ServiceSettings: Sendable {
    package var clusterID: ClusterID
    package var memberID: MemberID
    /// Operations in one level of a transaction.
    package var transactionOperationsMax = 128
    /// Greatest response of a fragmenting watch, and the target size of range chunks.
    package var requestMaximumBytes = 1_572_864
    package var watchProgressMilliseconds: Int64 = 600_000
    package var version = compatibleVersion
    /// Whether a change of the membership must leave a healthy quorum.
    package var checksReconfiguration = true
    /// The URL as etcd writes it; nil for a text by which no member can be reached.
    package var readURL: @Sendable (String) -> String?
    /// The way to the other members.
    package var others: any OtherMembers
    /// Whether clients are sent elsewhere while the database is defragmented.
    package var pausesOnDefragmentation = false

    package init(
        clusterID: ClusterID, memberID: MemberID, others: any OtherMembers = NoOtherMembers(),
        readURL: @escaping @Sendable (String) -> String?
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.others = others
        self.readURL = readURL
    }

    /// Response size at which a fragmenting watch cuts, as large as a client accepts by default.
    var fragmentBytes: Int { requestMaximumBytes + 512 * 1024 }
}

/// What every service works with.
package struct ServiceContext: Sendable {
    package let runtime: ReplicaRuntime
    package let settings: ServiceSettings
    let meter = RequestMeter()
    let serving = ServingStatus()
    let hashes = HashQueue()
    let observe: @Sendable (ServiceEvent) -> Void

    /// - Parameter observe: called on any thread for what a log should tell.
    package init(
        runtime: ReplicaRuntime, settings: ServiceSettings,
        observe: @escaping @Sendable (ServiceEvent) -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.settings = settings
        self.observe = observe
    }

    /// The port of a call's loop.
    func port(_ call: GRPCServerCall) -> ClientPort { .of(call, runtime: runtime) }

    /// Header of an answer at a revision.
    func header(revision: Int64, term: UInt64) -> ResponseHeader {
        ResponseHeader(
            clusterID: settings.clusterID.rawValue, memberID: settings.memberID.rawValue,
            revision: revision, raftTerm: term)
    }

    /// Header at the store's present revision and the present term.
    func header() -> ResponseHeader {
        header(revision: runtime.store.revisions.current, term: runtime.term)
    }

    /// A unary method: decodes the request, asks whether it is served, hands it to `serve`.
    ///
    /// - Parameter isForLearners: whether a learner serves this request.
    func unary<Request: WireMessage>(
        _ path: String, isForLearners: @escaping @Sendable (Request) -> Bool = { _ in false },
        _ serve: @escaping @Sendable (GRPCServerCall, Request, [UInt8]) -> Void
    ) -> GRPCMethod {
        GRPCMethod(path: path) { call, bytes in
            let request: Request
            do throws(WireError) {
                request = try Request(decoding: bytes)
            } catch .nestedTooDeeply where Request.self == TxnRequest.self {
                // It has more levels than a transaction may have operations.
                return call.fail(.tooManyOperations)
            } catch {
                return call.refuseRequest(.undecodableRequest)
            }
            if let error = refusal(call, isForLearners: isForLearners(request)) {
                return call.fail(error)
            }
            serve(call, request, bytes)
        }
    }

    /// A method whose feature is not there yet: it says so.
    func later(_ path: String, _ feature: String) -> GRPCMethod {
        GRPCMethod(path: path) { call, _ in
            call.finish(GRPCStatus(.unimplemented, "\(path): \(feature) is not supported yet"))
        }
    }

    /// Proposes a request as it came, and answers with what `answer` makes of its outcome.
    ///
    /// - Parameter costBytes: what it adds to the database; nil for what needs no room.
    func propose(
        _ field: UInt32, _ payload: [UInt8], costBytes: Int? = nil, for call: GRPCServerCall,
        _ answer: @escaping (ApplyOutcome, ResponseHeader) -> Void
    ) {
        let started = monotonicNanoseconds()
        port(call).propose(field: field, payload: payload, costBytes: costBytes) { reply in
            if let kind = RequestKind(proposed: field) {
                meter.requestEnded(
                    kind, nanoseconds: monotonicNanoseconds() - started,
                    isSuccess: reply.isSuccess)
            }
            do throws(EtcdError) {
                let outcome = try reply.outcome()
                answer(outcome, header(revision: outcome.revision, term: reply.term))
            } catch {
                call.fail(error)
            }
        }
    }

    /// Goes on once everything acknowledged before now is visible here.
    func linearized(
        _ call: GRPCServerCall, _ body: @escaping (_ term: UInt64) -> Void
    ) {
        port(call).read { reply in
            guard !call.isClosed else { return }
            switch reply.value {
            case .readable: body(reply.term)
            case .failed(let error): call.fail(error)
            case .applied: preconditionFailure("a read is not answered as a proposal")
            }
        }
    }
}

extension Reply {
    /// Whether it brings what was asked for.
    var isSuccess: Bool {
        switch value {
        case .readable: true
        case .failed: false
        case .applied(let outcome):
            if case .failed = outcome.result { false } else { true }
        }
    }
}
