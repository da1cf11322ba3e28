import Configuration
import NIOCore
import ServerLogging

/// The local address of connections to other members (`--feature-gates=SetMemberLocalAddr=true`):
/// others see the member come from an address that its certificate names.
enum LocalPeerAddress {
    /// The first advertised address that is neither loopback nor unspecified, with port 0; nil
    /// without the feature or such an address.
    static func choose(
        _ configuration: ServerConfiguration, _ logger: ServerLogger
    ) -> SocketAddress? {
        guard configuration.featureGates.isEnabled(.setMemberLocalAddr) else { return nil }
        let urls = configuration.initialAdvertisePeerURLs.urls
        let field = LogValue.strings(urls.map(\.text))
        logger.info(
            "searching for a suitable member local address in AdvertisePeerURLs",
            ["advertise-peer-urls": field])
        for url in urls {
            guard let address = try? SocketAddress(ipAddress: url.host, port: 0),
                address.isSpecific
            else { continue }
            logger.info("setting member local address", ["LocalAddr": .string(url.host)])
            return address
        }
        logger.warn(
            "unable to set a member local address due to lack of suitable local addresses",
            ["advertise-peer-urls": field])
        return nil
    }
}

extension SocketAddress {
    /// Whether the address is neither loopback nor unspecified.
    fileprivate var isSpecific: Bool {
        switch self {
        case .v4(let address):
            let bits = UInt32(bigEndian: address.address.sin_addr.s_addr)
            return bits != 0 && bits >> 24 != 127
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            let isZero = bytes.dropLast().allSatisfy { $0 == 0 }
            return !(isZero && bytes[15] <= 1)
        case .unixDomainSocket: return false
        }
    }
}
