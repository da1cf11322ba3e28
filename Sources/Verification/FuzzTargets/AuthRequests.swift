internal import Auth
internal import Bolt
internal import EtcdAPI

/// Decodes the input as an auth request, and executes it.
///
/// The first byte chooses the request. A decoded request must be encoded with the same meaning, and
/// no request may stop a member, whatever names and keys it has.
package func fuzzAuthRequests(_ input: UnsafeRawBufferPointer) {
    guard let choice = input.first else { return }
    let field = authFields[Int(choice) % authFields.count]
    let bytes = [UInt8](input.dropFirst())
    guard let request = try? AuthRequest(field: field, bytes: bytes[...]) else { return }
    guard let encoded = try? request.encoded() else {
        preconditionFailure("a decoded request can be encoded")
    }
    precondition(encoded.field == field, "a request keeps its field")
    _ = try? request.validate()
    for isEnabled in [false, true] {
        var (store, batch) = (AuthStore(), BoltWriteBatch())
        prepare(&store, &batch, isEnabled: isEnabled)
        for user in [AuthName.root, AuthName("a"), AuthName("")] {
            let requester = Requester(user: user, revision: store.revision)
            _ = try? store.apply(request, by: requester, into: &batch)
        }
    }
}

private let authFields: [UInt32] = {
    typealias Field = InternalRaftRequest.Field
    return [
        Field.authEnable, Field.authDisable, Field.authStatus, Field.authenticate,
        Field.authUserAdd, Field.authUserGet, Field.authUserList, Field.authUserDelete,
        Field.authUserChangePassword, Field.authUserGrantRole, Field.authUserRevokeRole,
        Field.authRoleAdd, Field.authRoleGet, Field.authRoleList, Field.authRoleDelete,
        Field.authRoleGrantPermission, Field.authRoleRevokePermission,
    ]
}()

/// Users root and a, and role a.
private func prepare(_ store: inout AuthStore, _ batch: inout BoltWriteBatch, isEnabled: Bool) {
    var requests: [AuthRequest] = [
        .userAdd(.with { $0.name = "root" }), .userAdd(.with { $0.name = "a" }),
        .roleAdd(.with { $0.name = "a" }),
        .userGrantRole(
            .with {
                $0.user = "root"
                $0.role = "root"
            }),
    ]
    if isEnabled { requests.append(.enable) }
    for request in requests {
        _ = try? store.apply(
            request, by: Requester(user: .root, revision: store.revision), into: &batch)
    }
}
