import Listening
import ServerLogging
import TLS

extension ServerLogger {
    /// Logs certificates that were read again, and those that could not be.
    func log(_ event: TLSEvent) {
        switch event {
        case .reloaded(let file):
            info("TLS file has changed and is used for new connections", ["path": .string(file)])
        case .reloadFailed(let file, let reason):
            warn(
                "TLS file has changed and cannot be used; the one read before stays in use",
                ["path": .string(file), "error": .string(reason)])
        }
    }

    /// Logs a connection whose TLS was refused, in etcd's words. `endpoint` is client or peer.
    func log(_ refused: RefusedConnection, endpoint: TransportSide) {
        let message = "rejected connection on \(endpoint.rawValue) endpoint"
        let error = LogValue.string(refused.refusal.text)
        guard !refused.refusal.isEndOfStream else {
            return debug(
                message,
                [
                    "remote-addr": .string(refused.remoteAddress),
                    "server-name": .string(refused.serverName), "error": error,
                ])
        }
        guard let certificate = refused.refusal.certificate else {
            return warn(
                message,
                [
                    "remote-addr": .string(refused.remoteAddress),
                    "server-name": .string(refused.serverName), "error": error,
                ])
        }
        warn(
            message,
            [
                "remote-addr": .string(refused.remoteAddress),
                "server-name": .string(refused.serverName),
                "ip-addresses": .strings(certificate.ipAddresses),
                "dns-names": .strings(certificate.dnsNames), "error": error,
            ])
    }
}
