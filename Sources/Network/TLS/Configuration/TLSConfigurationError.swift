/// Why certificates, keys or flags of TLS cannot be used. The text is etcd's, for example
/// `open pki/nofile.crt: no such file or directory`.
package struct TLSConfigurationError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
