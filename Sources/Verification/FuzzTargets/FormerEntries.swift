import EtcdAPI
import Membership
import StateMachine

/// Decodes the bytes of an entry as former members log them: requests to the v2 store, and the
/// members and versions in it. They may be refused, but must never trap.
package func fuzzFormerEntries(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    if let request = LegacyRequest(entryData: bytes) {
        precondition(LegacyRequest(entryData: request.encoded()) == request, "a request survives")
        _ = ClusterMembership.legacyChange(
            path: String(decoding: request.path, as: UTF8.self),
            value: String(decoding: request.value, as: UTF8.self))
    }
    // The fuzzer reaches the JSON sooner without the envelope around it.
    let text = String(decoding: bytes, as: UTF8.self)
    for path in paths { _ = ClusterMembership.legacyChange(path: path, value: text) }
    _ = SemanticVersion(text)
}

private let paths = ["/0/members/8e9e05c52164694d/attributes", "/0/version"]
