import ConnectionIdentity
import Glibc
import NIOCore
import NIOPosix
import TLS

/// Failures of connections with Go's texts, as etcd logs them.
enum NetworkErrorText {
    /// Why a connection could not be opened: `dial tcp 10.0.0.2:2380: connect: connection refused`.
    static func dialFailure(_ error: any Error, to url: PeerURL) -> PeerConnectionError {
        if let error = error as? PeerConnectionError { return error }
        if url.isSocketFile {
            return .unreachable("dial unix \(url.socketPath): \(reason(error, "connect"))")
        }
        guard let failure = error as? NIOConnectionError else {
            return .unreachable("dial tcp \(url.authority): \(reason(error, "connect"))")
        }
        if let first = failure.connectionErrors.first {
            let address = first.target.hostAndPort ?? url.authority
            return .unreachable("dial tcp \(address): \(reason(first.error, "connect"))")
        }
        return .unreachable("dial tcp: lookup \(url.host): no such host")
    }

    /// Why an open connection failed; with TLS also why its handshake failed.
    static func failure(
        _ error: any Error, tls: TLSClientConnection?, channel: any Channel
    ) -> PeerConnectionError {
        if let error = error as? PeerConnectionError { return error }
        let text: String
        if let tls {
            text = tls.text(of: error, channel: channel)
        } else {
            let local = channel.localAddress?.hostAndPort ?? ""
            let remote = channel.remoteAddress?.hostAndPort ?? ""
            text = "read tcp \(local)->\(remote): \(reason(error, "read"))"
        }
        return failure(text)
    }

    /// Why the handshake of a connection failed.
    static func handshakeFailure(_ error: any Error) -> PeerConnectionError {
        (error as? PeerConnectionError) ?? failure("\(error)")
    }

    private static func failure(_ text: String) -> PeerConnectionError {
        text == PeerConnectionError.closed.description ? .closed : .unreachable(text)
    }

    /// `connect: connection refused`, `i/o timeout`.
    private static func reason(_ error: any Error, _ operation: String) -> String {
        switch error {
        case ChannelError.connectTimeout: "i/o timeout"
        case let error as IOError: "\(operation): \(systemText(error.errnoCode))"
        default: "\(error)"
        }
    }

    private static func systemText(_ number: CInt) -> String {
        guard let text = strerror(number) else { return "errno \(number)" }
        return String(cString: text).lowercased()
    }
}
