internal import Glibc

/// The IP addresses of a host, by the resolver of the system. Blocks.
package enum HostAddresses {
    /// - Returns: texts such as `10.0.0.1`, IPv4 first; empty for a host that does not resolve.
    package static func of(_ host: String) -> [String] {
        // Without a name the resolver gives the addresses of this machine.
        guard !host.isEmpty else { return [] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var v4: [String] = []
        var v6: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            if status == 0 {
                let address = text.withUnsafeBufferPointer { buffer in
                    buffer.baseAddress.map { String(cString: $0) } ?? ""
                }
                if entry.ai_family == AF_INET { v4.append(address) } else { v6.append(address) }
            }
            next = entry.ai_next
        }
        return v4 + v6
    }
}
