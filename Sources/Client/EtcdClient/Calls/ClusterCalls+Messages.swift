internal import EtcdAPI
package import SwiftProtobuf

extension ClusterCalls {
    /// Makes a unary call with generated messages.
    func unary<Response: Message>(
        _ method: Method, _ request: some Message, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Response {
        let bytes: [UInt8]
        do {
            bytes = try request.serializedBytes()
        } catch {
            throw EtcdClientError(.invalidArgument, code: .invalidArgument, message: "\(error)")
        }
        return try Self.decoded(try await unary(method, bytes, timeout: timeout))
    }

    /// Makes a unary call with a request of the hand-written codec.
    func unary<Response: Message>(
        _ method: Method, _ request: some WireEncodable, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Response {
        try Self.decoded(try await unary(method, request.encoded(), timeout: timeout))
    }

    static func decoded<Response: Message>(
        _ bytes: [UInt8]
    ) throws(EtcdClientError) -> Response {
        do {
            return try Response(serializedBytes: bytes)
        } catch {
            throw .malformedResponse("\(error)")
        }
    }

    /// Decodes with the hand-written codec.
    static func decoded<Response: WireMessage>(
        wire bytes: [UInt8]
    ) throws(EtcdClientError) -> Response {
        do throws(WireError) {
            return try Response(decoding: bytes)
        } catch {
            throw .malformedResponse("\(error)")
        }
    }
}

extension EtcdClientError {
    static func malformedResponse(_ text: String) -> EtcdClientError {
        EtcdClientError(
            .other, code: .internal, message: "grpc: failed to unmarshal the response: \(text)")
    }
}

extension EtcdClient {
    /// Gets the token that calls need before the first of them.
    package func authenticate() async throws(EtcdClientError) {
        try await cluster.authenticate()
    }

    /// Makes a unary call with generated messages, for the command lines of this package.
    package func unary<Response: Message>(
        _ method: Method, _ request: some Message, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Response {
        try await cluster.unary(method, request, timeout: timeout)
    }

    /// As `unary`, on one member.
    package func unary<Response: Message>(
        _ method: Method, _ request: some Message, onMember endpoint: String,
        timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Response {
        do {
            return try await cluster.onMember(endpoint) {
                try await $0.unary(method, request, timeout: timeout)
            }
        } catch {
            throw EtcdClientError(any: error)
        }
    }
}
