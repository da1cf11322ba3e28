import Glibc
import NIOPosix

/// Why a host name has no address, with the text of the system's resolver.
package struct HostResolutionError: Error, CustomStringConvertible, Sendable {
    package let description: String
}

/// Addresses of hosts, from the system's resolver.
package enum HostResolution {
    /// The first address of a host as text; an IP address resolves to its own shortest form.
    package static func address(of host: String) async throws -> String {
        if let address = normalized(host) { return address }
        return try await NIOThreadPool.singleton.runIfActive { try resolve(host) }
    }

    /// The shortest form of an IPv4 or IPv6 address; nil for a name.
    package static func normalized(_ text: String) -> String? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return addressText(AF_INET, &four) }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return addressText(AF_INET6, &six) }
        return nil
    }

    private static func addressText(_ family: Int32, _ address: UnsafeRawPointer) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return nil }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Blocking; a name from DNS may end with a dot.
    private static func resolve(_ host: String) throws -> String {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let status = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            throw HostResolutionError(
                description: "lookup \(host): \(String(cString: gai_strerror(status)))")
        }
        guard let first = list?.pointee, let address = first.ai_addr else {
            throw HostResolutionError(description: "lookup \(host): no such host")
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let named = getnameinfo(
            address, first.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard named == 0 else {
            throw HostResolutionError(
                description: "lookup \(host): \(String(cString: gai_strerror(named)))")
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
