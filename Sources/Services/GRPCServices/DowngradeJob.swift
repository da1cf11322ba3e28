internal import Auth
internal import EtcdAPI
internal import Membership
internal import MemberRuntime
internal import MonotonicClock
internal import StateMachine
internal import SwiftProtobuf

/// Maintenance.Downgrade: starts, validates or cancels a downgrade by one minor version, during
/// which the members are replaced one by one.
///
/// The leader lowers the cluster version, every member its storage version, and once all members
/// run the target version the leader ends the downgrade.
struct DowngradeJob: Sendable {
    let context: ServiceContext
    let caller: Identity

    /// - Returns: the cluster version before the downgrade, as `3.7`.
    func run(_ request: Etcdserverpb_DowngradeRequest) async throws(EtcdError) -> String {
        switch request.action {
        case .validate:
            let target = try Self.target(request.version)
            guard try await state().version != nil else { throw .clusterVersionUnavailable }
            return try await validate(target)
        case .enable:
            let target = try Self.target(request.version)
            _ = try await validate(target)
            try await set(isEnabled: true, target.description)
            return try await state().version?.majorMinor ?? ""
        case .cancel:
            // Without a downgrade in progress, or without a quorum, etcd only logs the error.
            try? await cancel()
            return try await state().version?.majorMinor ?? ""
        case .UNRECOGNIZED: throw .unknownMethod
        }
    }

    private func validate(_ target: SemanticVersion) async throws(EtcdError) -> String {
        try await context.runtime.linearize()
        let state = try await state()
        guard let version = state.version else { throw .clusterVersionUnavailable }
        guard target == version.downgradeTarget else { throw .invalidDowngradeTargetVersion }
        guard !state.downgrade.isEnabled else { throw .downgradeInProcess }
        return version.majorMinor
    }

    private func cancel() async throws(EtcdError) {
        try await context.runtime.linearize()
        guard try await state().downgrade.isEnabled else { throw .noInflightDowngrade }
        try await set(isEnabled: false, "")
    }

    private func set(isEnabled: Bool, _ version: String) async throws(EtcdError) {
        var request = Membershippb_DowngradeInfoSetRequest()
        request.enabled = isEnabled
        request.ver = version
        guard let payload: [UInt8] = try? request.serializedBytes() else { return }
        let field = InternalRaftRequest.Field.downgradeInfoSet
        let began = MonotonicTime.now()
        var isApplied = false
        defer {
            context.metrics.proposalEnded(field, took: .now() - began, isApplied: isApplied)
        }
        _ = try await context.runtime.propose(field: field, payload: payload, by: caller)
        isApplied = true
    }

    private func state() async throws(EtcdError) -> ClusterMembership {
        try await context.runtime.readState { $0.membership }
    }

    private static func target(_ text: String) throws(EtcdError) -> SemanticVersion {
        guard let version = SemanticVersion(text) else { throw .wrongDowngradeVersionFormat }
        return version.withoutPatch
    }
}
