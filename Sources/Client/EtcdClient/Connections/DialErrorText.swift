internal import NIOCore
internal import NIOPosix
import Glibc

/// Texts of failed dials, as Go writes them: `dial tcp 127.0.0.1:1: connect: connection refused`.
enum DialErrorText {
    static func text(of error: any Error, _ endpoint: Endpoint) -> String {
        let target =
            switch endpoint.address {
            case .host(let host, let port): "tcp \(host):\(port)"
            case .unixPath(let path): "unix \(path)"
            }
        return "transport: Error while dialing: dial \(target): \(reason(error))"
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.last.map { reason($0.error) }
                ?? "lookup \(error.host): no such host"
        case let error as IOError:
            "connect: \(String(cString: strerror(error.errnoCode)).lowercased())"
        default: "\(error)"
        }
    }
}
