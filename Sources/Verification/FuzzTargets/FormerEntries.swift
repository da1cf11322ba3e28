import EtcdAPI
import Membership
import StateMachine

/// Feeds an entry's bytes to the readers of what former members log: requests to their tree of
/// keys, and the members and versions in it. They may refuse it, and never trap.
package func fuzzFormerEntries(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    if let request = LegacyRequest(entryData: bytes) {
        precondition(LegacyRequest(entryData: request.encoded()) == request, "it comes back")
        _ = ClusterMembership.legacyChange(
            path: String(decoding: request.path, as: UTF8.self),
            value: String(decoding: request.value, as: UTF8.self))
    }
    // The fuzzer finds JSON sooner without the envelope around it.
    let text = String(decoding: bytes, as: UTF8.self)
    for path in paths { _ = ClusterMembership.legacyChange(path: path, value: text) }
    _ = SemanticVersion(text)
}

private let paths = ["/0/members/8e9e05c52164694d/attributes", "/0/version"]
