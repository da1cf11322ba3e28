/// Errors about users, roles and permissions.
extension EtcdError {
    package static let rootUserNotExist = EtcdError(
        .failedPrecondition, "etcdserver: root user does not exist")
    package static let rootRoleNotExist = EtcdError(
        .failedPrecondition, "etcdserver: root user does not have root role")
    package static let userAlreadyExists = EtcdError(
        .failedPrecondition, "etcdserver: user name already exists")
    /// Also returned for a call that requires a user but has none.
    package static let userEmpty = EtcdError(.invalidArgument, "etcdserver: user name is empty")
    package static let userNotFound = EtcdError(
        .failedPrecondition, "etcdserver: user name not found")
    package static let roleAlreadyExists = EtcdError(
        .failedPrecondition, "etcdserver: role name already exists")
    package static let roleNotFound = EtcdError(
        .failedPrecondition, "etcdserver: role name not found")
    package static let roleEmpty = EtcdError(.invalidArgument, "etcdserver: role name is empty")
    package static let authFailed = EtcdError(
        .invalidArgument, "etcdserver: authentication failed, invalid user ID or password")
    package static let permissionNotGiven = EtcdError(
        .invalidArgument, "etcdserver: permission not given")
    package static let permissionDenied = EtcdError(
        .permissionDenied, "etcdserver: permission denied")
    package static let roleNotGranted = EtcdError(
        .failedPrecondition, "etcdserver: role is not granted to the user")
    package static let permissionNotGranted = EtcdError(
        .failedPrecondition, "etcdserver: permission is not granted to the role")
    package static let authNotEnabled = EtcdError(
        .failedPrecondition, "etcdserver: authentication is not enabled")
    package static let invalidAuthToken = EtcdError(
        .unauthenticated, "etcdserver: invalid auth token")
    package static let invalidAuthManagement = EtcdError(
        .invalidArgument, "etcdserver: invalid auth management")
    package static let authOldRevision = EtcdError(
        .invalidArgument, "etcdserver: revision of auth store is old")

    static let authErrors: [EtcdError] = [
        .rootUserNotExist, .rootRoleNotExist, .userAlreadyExists, .userEmpty, .userNotFound,
        .roleAlreadyExists, .roleNotFound, .roleEmpty, .authFailed, .permissionNotGiven,
        .permissionDenied, .roleNotGranted, .permissionNotGranted, .authNotEnabled,
        .invalidAuthToken, .invalidAuthManagement, .authOldRevision,
    ]
}
