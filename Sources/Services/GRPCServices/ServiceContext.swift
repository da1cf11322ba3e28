internal import Auth
package import Credentials
package import EtcdAPI
package import GRPC
internal import HTTP2
package import Identifiers
package import Membership
package import MemberRuntime
package import MonotonicClock
package import Stages
package import StateMachine

/// Limits and identities shared by all services.
package struct ServiceConfiguration: Sendable {
    package var clusterID: ClusterID
    package var memberID: MemberID
    /// Maximum number of operations at one level of a transaction.
    package var transactionOperationsMax = 128
    /// Basis of the fragment size of watch responses, and the target size of range chunks.
    package var requestBytesMax = 1_572_864
    package var watchProgressInterval = TimeSpan.seconds(600)
    package var version = compatibleVersion
    /// Whether a membership change must leave a healthy quorum (strict reconfiguration check).
    package var checksReconfiguration = true
    /// Returns the URL as etcd writes it; nil for a text that is not a valid peer URL.
    package var canonicalURL: @Sendable (String) -> String?
    /// Calls to the peers.
    package var peers: any PeerCalling
    /// Whether a caller without a token is the user that its certificate names.
    package var usesCommonNames = false
    /// Whether health checks report NOT_SERVING during a defragmentation.
    package var pausesOnDefragmentation = false

    package init(
        clusterID: ClusterID, memberID: MemberID, peers: any PeerCalling = NoPeers(),
        canonicalURL: @escaping @Sendable (String) -> String?
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.peers = peers
        self.canonicalURL = canonicalURL
    }

    /// Size at which a fragmenting watch splits a response: the default limit of a client.
    var fragmentBytes: Int { requestBytesMax + 512 * 1024 }
}

/// The dependencies of all services. One object: a closure that keeps it retains nothing else.
package final class ServiceContext: Sendable {
    package let runtime: MemberRuntime
    package let configuration: ServiceConfiguration
    let tokens: any TokenProvider
    let passwords: PasswordHashing
    let metrics = RequestMetrics()
    let serving = ServingStatus()
    let hashQueue = HashQueue()
    let observe: @Sendable (ServiceEvent) -> Void

    /// - Parameter observe: receives events to be logged, on any thread.
    package init(
        runtime: MemberRuntime, configuration: ServiceConfiguration, tokens: any TokenProvider,
        passwords: PasswordHashing,
        observe: @escaping @Sendable (ServiceEvent) -> Void = { _ in }
    ) {
        self.runtime = runtime
        self.tokens = tokens
        self.passwords = passwords
        self.configuration = configuration
        self.observe = observe
    }

    /// The request submitter of a call's event loop.
    func submitter(_ call: GRPCServerCall) -> RequestSubmitter { submitter(call.loop) }

    /// The request submitter of an event loop, created on first use.
    func submitter(_ loop: HTTP2Loop) -> RequestSubmitter {
        if let submitter = loop.attachment as? RequestSubmitter { return submitter }
        let submitter = RequestSubmitter(loop: loop, runtime: runtime, peers: configuration.peers)
        loop.attachment = submitter
        return submitter
    }

    /// Response header at a revision.
    func header(revision: Revision, term: Term) -> ResponseHeader {
        ResponseHeader(
            clusterID: configuration.clusterID.rawValue, memberID: configuration.memberID.rawValue,
            revision: revision.rawValue, raftTerm: term.rawValue)
    }

    /// Response header at the store's current revision and the current term.
    func header() -> ResponseHeader {
        header(revision: runtime.store.revisions.current, term: runtime.term)
    }

    /// A unary method: decodes the request, checks that it is served, then the request by itself,
    /// then the caller by the method's rule, and passes both to `serve`.
    ///
    /// - Parameters:
    ///   - isForLearners: whether a learner serves the request.
    ///   - check: the error of a request that is invalid in any state.
    func unary<Request: WireMessage>(
        _ path: String, isForLearners: @escaping @Sendable (Request) -> Bool = { _ in false },
        check: @escaping @Sendable (Request) -> EtcdError? = { _ in nil },
        _ serve: @escaping @Sendable (GRPCServerCall, Request, [UInt8], Identity) -> Void
    ) -> GRPCMethod {
        let rule = Self.rule(of: path)
        return GRPCMethod(path: path) { [self] call, bytes in
            let request: Request
            do throws(WireError) {
                request = try Request(decoding: bytes)
            } catch .nestedTooDeeply where Request.self == TxnRequest.self {
                // The nesting is deeper than the operation limit of a transaction.
                return call.fail(.tooManyOperations)
            } catch {
                return call.refuseRequest(.undecodableRequest)
            }
            if let error = refusal(call, isForLearners: isForLearners(request)) ?? check(request) {
                return call.fail(error)
            }
            CallTrace.of(call)?.beginRequest(request)
            switch caller(of: call, rule) {
            case .known(let caller): serve(call, request, bytes, caller)
            case .refused(let error): call.fail(error)
            case .awaited: identify(call, rule) { serve(call, request, bytes, $0) }
            }
        }
    }

    /// Proposes an encoded request and calls `respond` with the result of applying it; an error
    /// fails the call.
    ///
    /// - Parameters:
    ///   - identity: the caller, whose permissions are checked when it is applied.
    ///   - costBytes: what it adds to the database; nil when the quota does not apply.
    func propose(
        _ field: UInt32, _ payload: [UInt8], by identity: Identity, costBytes: Int? = nil,
        for call: GRPCServerCall,
        _ respond: @escaping (ApplyResponse, ResponseHeader) -> Void
    ) {
        let started = MonotonicTime.now()
        let trace = CallTrace.of(call)?.beginProposal()
        let id = submitter(call).propose(
            field: field, payload: payload, by: identity, costBytes: costBytes
        ) { [self] completion in
            trace?.end()
            metrics.proposalEnded(
                field, took: .now() - started, isApplied: completion.isApplied)
            do throws(EtcdError) {
                let applied = try completion.applyResponse()
                respond(applied, header(revision: applied.revision, term: completion.term))
            } catch {
                call.fail(error)
            }
        }
        if let trace, let id { trace.submitted(id) }
    }

    /// Calls `body` once all writes acknowledged before now are visible here.
    func linearized(
        _ call: GRPCServerCall, _ body: @escaping (_ term: Term) -> Void
    ) {
        submitter(call).read { completion in
            guard !call.isClosed else { return }
            switch completion.value {
            case .readable: body(completion.term)
            case .failed(let error): call.fail(error)
            case .applied: preconditionFailure("a read does not complete as a proposal")
            }
        }
    }
}

extension Completion {
    /// Whether the request was applied, whatever the result.
    var isApplied: Bool {
        if case .failed = value { false } else { true }
    }
}
