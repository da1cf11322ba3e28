internal import EtcdAPI
internal import GRPC

/// Why a call to etcd failed: the gRPC status code and the text, which identifies etcd's errors.
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
    }

    public let code: Code
    /// The server's text, such as `etcdserver: requested lease not found`.
    public let message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The text alone for etcd's own errors, otherwise the format of gRPC clients.
    public var description: String {
        if EtcdError.listed(message: message) != nil { return message }
        let name = StatusCode(rawValue: code.rawValue)?.name ?? "Unknown"
        return "rpc error: code = \(name) desc = \(message)"
    }

    /// Whether this is one of etcd's own errors, not one of the transport.
    public var isFromServer: Bool { EtcdError.listed(message: message) != nil }

    /// The requested revision has been compacted.
    public static let compacted = EtcdClientError(.compacted)
    /// The requested revision does not exist yet.
    public static let futureRevision = EtcdClientError(.futureRevision)
    /// A lease does not exist.
    public static let leaseNotFound = EtcdClientError(.leaseNotFound)
    /// The database is full.
    public static let noSpace = EtcdClientError(.noSpace)
    /// The cluster has no leader.
    public static let noLeader = EtcdClientError(.noLeader)

    init(_ error: EtcdError) {
        self.init(code: Code(rawValue: error.code.rawValue) ?? .unknown, message: error.message)
    }

    /// The error that ended a call.
    init(_ error: any Error) {
        switch error {
        case let error as EtcdClientError: self = error
        case let status as GRPCStatus:
            self.init(
                code: Code(rawValue: status.code.rawValue) ?? .unknown, message: status.message)
        case is CancellationError: self.init(code: .canceled, message: "context canceled")
        default: self.init(code: .unavailable, message: "\(error)")
        }
    }
}
