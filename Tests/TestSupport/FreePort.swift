import Glibc

/// A loopback port without a listener.
///
/// It is below the ephemeral port range, so that no outgoing connection takes it before a member
/// does.
package func freePort() throws -> Int {
    let ports = (UInt16(10_000)..<32_000).shuffled()
    guard let port = try ports.first(where: isFree) else {
        throw TestSupportError("every port is taken")
    }
    return Int(port)
}

private func isFree(_ port: UInt16) throws -> Bool {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw TestSupportError("no descriptor is left") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
