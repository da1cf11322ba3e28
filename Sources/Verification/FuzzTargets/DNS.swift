import DNS

/// Parses responses of a name server, and `resolv.conf`.
package func fuzzDNS(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    guard let question = DNSQuestion(id: 0x1234, name: "_etcd-server._tcp.example.com.") else {
        preconditionFailure("the question can be encoded")
    }
    if let response = DNSResponse(decoding: bytes, to: question) {
        for record in response.records {
            precondition(record.target.hasSuffix("."), "a target is an absolute name")
            precondition(record.target.utf8.count <= 255, "a name has at most 255 bytes")
        }
    }
    let configuration = ResolverConfiguration(String(decoding: bytes, as: UTF8.self))
    precondition(!configuration.servers.isEmpty, "there is always a server")
    precondition(configuration.attempts > 0 && configuration.timeout > .zero)
    for name in configuration.candidates(for: "_etcd-server._tcp.example.com") {
        precondition(name.hasSuffix("."), "a candidate is an absolute name")
    }
}
