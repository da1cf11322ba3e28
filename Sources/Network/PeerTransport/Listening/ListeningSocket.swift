import Glibc
package import NIOCore
import Synchronization

/// A socket that listens, and whose connections can be accepted on one event loop after another:
/// each loop accepts from a duplicate of its descriptor. It listens until `close`, so connections
/// wait in its backlog while the loop changes.
package final class ListeningSocket: Sendable {
    /// The address it listens on, with the actual port.
    package let address: SocketAddress
    private let descriptor: Mutex<CInt?>

    /// The system refused an operation.
    package struct Failure: Error, Sendable {
        /// `socket`, `bind`, `listen`.
        package let operation: String
        package let errno: CInt
    }

    /// - Parameters:
    ///   - address: a TCP address; port 0 for any free port. Or a path for a socket file, which
    ///     must not exist.
    ///   - reusesPort: whether other processes may listen on the same port.
    package init(
        _ address: SocketAddress, reusesPort: Bool = false, backlog: CInt = 1024
    ) throws(Failure) {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(
            address.protocol.rawValue, kind | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(operation: "socket", errno: Glibc.errno) }
        do throws(Failure) {
            self.address = try Self.listen(socket, address, reusesPort, backlog)
        } catch {
            Glibc.close(socket)
            throw error
        }
        descriptor = Mutex(socket)
    }

    private static func listen(
        _ socket: CInt, _ address: SocketAddress, _ reusesPort: Bool, _ backlog: CInt
    ) throws(Failure) -> SocketAddress {
        var one: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        if address.port != nil {
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, size)
            if reusesPort { setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &one, size) }
        }
        let bound = address.withSockAddr { Glibc.bind(socket, $0, socklen_t($1)) }
        guard bound == 0 else { throw Failure(operation: "bind", errno: Glibc.errno) }
        guard Glibc.listen(socket, backlog) == 0 else {
            throw Failure(operation: "listen", errno: Glibc.errno)
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
    package func duplicate() throws(Failure) -> CInt {
        let copy = descriptor.withLock { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 0) } }
        guard let copy else { throw Failure(operation: "dup", errno: EBADF) }
        guard copy >= 0 else { throw Failure(operation: "dup", errno: Glibc.errno) }
        return copy
    }

    /// Stops listening when the channels that accept from it are closed too.
    package func close() {
        let socket = descriptor.withLock { $0.take() }
        if let socket { Glibc.close(socket) }
    }

    deinit { close() }
}
