internal import ConnectionIdentity
internal import Glibc
internal import NIOCore
internal import NIOSSL

/// Maps errors of NIO and BoringSSL to the texts of Go, as far as they are specific enough.
struct HandshakeErrorText {
    enum Side {
        case server
        case client
    }

    static let endOfStream = "EOF"

    var side: Side
    /// The first message of the client, if it is known.
    var hello: ClientHello?
    /// Whether anything was received; counts only without `hello`.
    var receivedBytes: Bool
    var channel: (any Channel)?

    func text(of error: any Error) -> String {
        switch error {
        case let error as TLSRefusal: error.text
        case let error as TLSConfigurationError: error.description
        case NIOSSLError.handshakeFailed(let error), NIOSSLError.shutdownFailed(let error):
            text(of: error)
        case NIOSSLError.uncleanShutdown: Self.endOfStream
        case let error as BoringSSLError: text(of: error)
        case let error as IOError: text(of: error)
        case ChannelError.eof, ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed,
            ChannelError.inputClosed:
            Self.endOfStream
        default: "\(error)"
        }
    }

    private func text(of error: BoringSSLError) -> String {
        switch error {
        case .sslError(let stack), .unknownError(let stack):
            if stack.contains(.eofDuringHandshake)
                || stack.contains(.eofDuringAdditionalCertficiateChainValidation)
            {
                return hello == nil && receivedBytes ? "unexpected EOF" : Self.endOfStream
            }
            let reasons = stack.compactMap(Self.reason)
            return reasons.lazy.compactMap { text(of: $0) }.first
                ?? stack.first.map { "tls: \(Self.words($0))" } ?? "tls: handshake failure"
        case .zeroReturn, .syscallError: return Self.endOfStream
        default: return "tls: \(error)"
        }
    }

    /// The reason of an error of the SSL part of BoringSSL. The number is only in the description:
    /// `Error: 268435581 error:1000007d:SSL routines:...`.
    private static func reason(_ error: BoringSSLInternalError) -> BoringSSLReason? {
        let words = error.description.split(separator: " ")
        guard words.count > 1, let code = UInt32(words[1]), code >> 24 == 16 else { return nil }
        return BoringSSLReason(rawValue: Int(code & 0xfff))
    }

    /// `no shared cipher`.
    private static func words(_ error: BoringSSLInternalError) -> String {
        let parts = error.description.split(separator: ":")
        guard parts.count > 4 else { return error.description }
        let name = parts[4].split(separator: " ").first ?? parts[4]
        return name.lowercased().split(separator: "_").joined(separator: " ")
    }

    private func text(of error: IOError) -> String {
        let call = error.errnoCode == EPIPE ? "write" : "read"
        let reason = "\(call): \(SystemErrorText.of(error.errnoCode))"
        guard let local = channel?.localAddress?.hostAndPort,
            let remote = channel?.remoteAddress?.hostAndPort
        else { return reason }
        return "\(call) tcp \(local)->\(remote): \(reason)"
    }
}
