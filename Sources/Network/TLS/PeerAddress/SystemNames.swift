internal import Glibc

/// The resolver of the system: hosts file, name servers, whatever is configured. Blocks.
struct SystemNames: NameLookup {
    func names(of address: String) -> Result<[String], LookupError> {
        guard let parsed = IPAddress(address) else {
            return .failure(LookupError(text: "lookup \(address): unrecognized address"))
        }
        let family = parsed.bytes.count == 4 ? AF_INET : AF_INET6
        // Names and aliases of one host fit many times.
        var buffer = [CChar](repeating: 0, count: 8192)
        var host = hostent()
        var found: UnsafeMutablePointer<hostent>?
        var error: Int32 = 0
        let code = gethostbyaddr_r(
            parsed.bytes, socklen_t(parsed.bytes.count), family, &host, &buffer, buffer.count,
            &found, &error)
        guard code == 0, let entry = found?.pointee, let name = entry.h_name else {
            let isUnknown = code == 0 && error == HOST_NOT_FOUND
            let reason = isUnknown ? "no such host" : "server misbehaving"
            return .failure(LookupError(text: "lookup \(address): \(reason)"))
        }
        var names = [String(cString: name)]
        var alias = entry.h_aliases
        while let text = alias?.pointee {
            names.append(String(cString: text))
            alias = alias?.advanced(by: 1)
        }
        return .success(names)
    }

    func addresses(of name: String) -> Result<[String], LookupError> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            let reason = code == EAI_NONAME ? "no such host" : "server misbehaving"
            return .failure(LookupError(text: "lookup \(name): \(reason)"))
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            if let address = Self.address(entry) { addresses.append(address.text) }
            next = entry.ai_next
        }
        return .success(addresses)
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let socketAddress = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET:
            let v4 = socketAddress.loadUnaligned(as: sockaddr_in.self)
            return withUnsafeBytes(of: v4.sin_addr) { IPAddress(bytes: Array($0)) }
        case AF_INET6:
            let v6 = socketAddress.loadUnaligned(as: sockaddr_in6.self)
            return withUnsafeBytes(of: v6.sin6_addr) { IPAddress(bytes: Array($0)) }
        default: return nil
        }
    }
}
