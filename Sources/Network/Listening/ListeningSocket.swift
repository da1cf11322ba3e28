internal import Glibc
package import NIOCore
internal import Synchronization

/// A socket that listens, and whose connections can be accepted on one event loop after another:
/// each loop accepts from a duplicate of its descriptor. It listens until `close`, so connections
/// wait in its backlog while the loop changes.
package final class ListeningSocket: Sendable {
    /// The address it listens on, with the actual port.
    package let address: SocketAddress
    private let descriptor: Mutex<CInt?>

    /// Binds and listens. A socket file that exists is replaced, also one that another process
    /// serves, as in etcd.
    ///
    /// - Throws: `IOError` of the system call, or the error of the host's resolution.
    package convenience init(_ address: ListeningAddress, sharesPort: Bool = false) throws {
        switch address {
        case .unixSocket(let path):
            unlink(path)
            try self.init(SocketAddress(unixDomainSocketPath: path))
        case .tcp(let host, let port):
            try self.init(
                SocketAddress.makeAddressResolvingHost(host, port: port), sharesPort: sharesPort)
        }
    }

    /// - Parameters:
    ///   - address: a TCP address; port 0 for any free port. Or a path for a socket file, which
    ///     must not exist.
    ///   - sharesPort: whether other processes may listen on the same port.
    package init(
        _ address: SocketAddress, sharesPort: Bool = false, backlog: CInt = 1024
    ) throws(IOError) {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(
            address.protocol.rawValue, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        do throws(IOError) {
            self.address = try Self.listen(socket, address, sharesPort, backlog)
        } catch {
            Glibc.close(socket)
            throw error
        }
        descriptor = Mutex(socket)
    }

    private static func listen(
        _ socket: CInt, _ address: SocketAddress, _ sharesPort: Bool, _ backlog: CInt
    ) throws(IOError) -> SocketAddress {
        var one: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        if address.port != nil {
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, size)
            if sharesPort { setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &one, size) }
        }
        let bound = address.withSockAddr { Glibc.bind(socket, $0, socklen_t($1)) }
        guard bound == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
        guard Glibc.listen(socket, backlog) == 0 else {
            throw IOError(errnoCode: errno, reason: "listen")
        }
        guard address.port == 0 else { return address }
        var actual = address
        actual.port = port(of: socket)
        return actual
    }

    /// The port that the system has chosen.
    private static func port(of socket: CInt) -> Int? {
        var storage = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(socket, $0, &size)
            }
        }
        // The port has the same place in IPv4 and IPv6 addresses.
        return status == 0 ? Int(UInt16(bigEndian: storage.sin6_port)) : nil
    }

    /// A descriptor to accept connections with, for `ServerBootstrap.withBoundSocket`. The caller
    /// closes it; the socket goes on listening.
    package func duplicate() throws(IOError) -> CInt {
        let copy = descriptor.withLock { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } }
        guard let copy else { throw IOError(errnoCode: EBADF, reason: "dup") }
        guard copy >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        return copy
    }

    /// Stops listening when the channels that accept from it are closed too.
    package func close() {
        let socket = descriptor.withLock { $0.take() }
        if let socket { Glibc.close(socket) }
    }

    deinit { close() }
}
