internal import EtcdAPI
internal import GRPC
internal import StatusCodes

/// Why a call to etcd failed.
///
/// `reason` says what happened and what to do. `code` and `message` are what was sent over the
/// network, for logs.
public struct EtcdClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The status codes of gRPC, as numbered on the wire.
    public enum Code: Int, Sendable, CaseIterable {
        case canceled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case `internal` = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16

        /// That of a failed call: `ok` does not occur.
        init(_ code: StatusCode) {
            self = Code(rawValue: code.rawValue) ?? .unknown
        }

        /// The code's name in logs and metrics, such as `NotFound`.
        var name: String { StatusCode(rawValue: rawValue)?.name ?? "Unknown" }
    }

    /// What happened.
    public let reason: Reason
    /// The gRPC status code.
    public let code: Code
    /// The server's text, such as `etcdserver: requested lease not found`, or that of this client.
    public let message: String
    /// Whether a write that failed like this has certainly not been executed: it may be repeated.
    /// For other failures of the connection read the key, or make the write conditional.
    public let isCertainlyNotExecuted: Bool

    /// - Parameter reason: nil takes the one of etcd's error with this text.
    init(
        _ reason: Reason? = nil, code: Code, message: String, isUnprocessed: Bool = false
    ) {
        let reason = reason ?? Reason(code: code, message: message)
        self.reason = reason
        self.code = code
        self.message = message
        isCertainlyNotExecuted = isUnprocessed || reason.isRefusal
    }

    /// The text alone for etcd's own errors and for those of this client, otherwise the format of
    /// gRPC clients.
    public var description: String {
        if isFromServer || isLocal { return message }
        return "rpc error: code = \(code.name) desc = \(message)"
    }

    /// Whether this is one of etcd's own errors, not one of the connection or of this client.
    public var isFromServer: Bool { EtcdError.listed(message: message) != nil }

    private var isLocal: Bool {
        switch reason {
        case .leaseLost, .notElected, .clientClosed, .clientNotRunning, .invalidConfiguration,
            .staleMembers, .deadlineExceeded, .cancelled:
            true
        default: false
        }
    }
}

extension EtcdClientError {
    /// The error that ended a call.
    init(_ status: GRPCStatus, isUnprocessed: Bool = false) {
        self.init(
            code: Code(status.code), message: status.message, isUnprocessed: isUnprocessed)
    }

    init(_ failure: GRPCCallFailure) {
        self.init(failure.status, isUnprocessed: failure.isUnprocessed)
    }

    init(_ error: EtcdError) {
        self.init(code: Code(error.code), message: error.message)
    }

    /// Any error of a body or a task.
    init(any error: any Error) {
        switch error {
        case let error as EtcdClientError: self = error
        case let status as GRPCStatus: self.init(status)
        case is CancellationError: self = .cancelled
        default: self.init(code: .unavailable, message: "\(error)")
        }
    }

    static let cancelled = EtcdClientError(GRPCStatus.canceled)
    static let deadlineExceeded = EtcdClientError(GRPCStatus.deadlineExceeded)
    static let leaseLost = EtcdClientError(
        .leaseLost, code: .aborted, message: "the lease could not be renewed in time")
    static let notElected = EtcdClientError(
        .notElected, code: .failedPrecondition, message: "this client does not lead the election")
    static let clientClosed = EtcdClientError(
        .clientClosed, code: .canceled, message: "the client is closed: its run() has ended")
    static let clientNotRunning = EtcdClientError(
        .clientNotRunning, code: .unavailable,
        message: "the client does not run: call its run() in a task")

    static func requestTooLarge(_ bytes: Int, max bytesMax: Int) -> EtcdClientError {
        EtcdClientError(
            .requestTooLarge, code: .resourceExhausted,
            message: "trying to send message larger than max (\(bytes) vs. \(bytesMax))")
    }

    static func invalidConfiguration(_ message: String) -> EtcdClientError {
        EtcdClientError(.invalidConfiguration, code: .invalidArgument, message: message)
    }

    static func unavailable(_ message: String) -> EtcdClientError {
        EtcdClientError(
            .unavailable, code: .unavailable, message: message, isUnprocessed: true)
    }
}
