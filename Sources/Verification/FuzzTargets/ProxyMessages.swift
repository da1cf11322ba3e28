import GRPCProxy

/// Reads what the gRPC proxy reads of members: their responses, and the entries of other proxies.
///
/// A message without a namespace in it must stay as it is, except for the keys that it lists.
package func fuzzProxyMessages(_ input: UnsafeRawBufferPointer) {
    let bytes = [UInt8](input)
    _ = ResolverEntry(json: bytes)
    for shape in ResponseShape.allCases {
        _ = try? ResponseKeys(prefix: Array("k".utf8)).removed(from: bytes, shape)
    }
    guard let frame = try? WatchFrame(bytes) else { return }
    let all = try? frame.events(from: .min)
    precondition(all?.0 == bytes && all?.1 == frame.eventCount, "no event is lost")
    let none = try? frame.events(from: .max)
    precondition(none?.1 == 0 || frame.lastRevision == .max, "no event is left")
}
