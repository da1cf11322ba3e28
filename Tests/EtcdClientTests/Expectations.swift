import EtcdClient
import Testing

/// Requires that a call fails for a reason.
func expect<Result>(
    reason: EtcdClientError.Reason, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Result
) async {
    do {
        _ = try await call()
        Issue.record("\(reason) was expected", sourceLocation: sourceLocation)
    } catch {
        #expect(
            (error as? EtcdClientError)?.reason == reason, "\(error)",
            sourceLocation: sourceLocation)
    }
}
