internal import NIOCore
internal import NIOPosix
internal import Glibc

/// Texts of failed system calls, as Go writes them: `dial tcp 10.0.0.1:1: connect: connection refused`.
package enum NetworkErrorText {
    static func ofDial(_ error: any Error, to endpoint: ProxyEndpoint) -> String {
        guard let failure = error as? NIOConnectionError else {
            return "dial tcp \(endpoint.address): \(reason(error, "connect"))"
        }
        guard let last = failure.connectionErrors.last else {
            return "dial tcp: lookup \(endpoint.host): no such host"
        }
        return "dial tcp \(endpoint.address): \(reason(last.error, "connect"))"
    }

    package static func ofListen(_ error: any Error, on address: String) -> String {
        "listen tcp \(address): \(reason(error, "bind"))"
    }

    private static func reason(_ error: any Error, _ operation: String) -> String {
        switch error {
        case ChannelError.connectTimeout: "i/o timeout"
        case let error as IOError:
            "\(operation): \(String(cString: strerror(error.errnoCode)).lowercased())"
        default: "\(error)"
        }
    }
}
