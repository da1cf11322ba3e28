import Glibc

/// Distinguishes IP addresses from host names.
enum IPAddressText {
    /// Whether the text is an IPv4 or IPv6 address; a zone is allowed after IPv6.
    static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        if inet_pton(AF_INET, text, &address) == 1 { return true }
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
